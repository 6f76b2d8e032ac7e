import { readAddress } from '../../codec/address.ts';
import type { Endpoint } from '../../runtime/port.ts';
import { decodeCreated2, encodeCreate2, encodeCreated2 } from '../cell/circuit-messages.ts';
import { CELL } from '../cell/command.ts';
import { decodeExtend2, extendTarget } from '../cell/extend.ts';
import type { Create2, ExtendTarget } from '../cell/messages.ts';
import { DESTROY_REASON, type DestroyReason } from '../cell/reason.ts';
import { RELAY } from '../cell/relay-command.ts';
import { isPrivateAddress } from '../directory/policy-check.ts';
import type { LinkPeer } from '../link/types.ts';
import { CIRCUIT_STREAM } from '../units.ts';
import type { ChannelManager } from './channel-manager.ts';
import type { RelayCircuit } from './circuit.ts';
import type { Circuits } from './circuits.ts';
import type { RelayCounters } from './counters.ts';
import type { Leg } from './leg.ts';
import type { Originator } from './originator.ts';
import type { Port } from './port.ts';

/** Who this relay is, and where it may go. */
export interface ExtenderOptions {
  readonly fingerprint: Uint8Array;
  readonly ed25519Id: Uint8Array;
  readonly allowPrivateAddresses: boolean;
}

/** A relay to extend to that may be extended to. */
export interface NextHop {
  /** In the order in which they are to be tried. */
  readonly endpoints: readonly [Endpoint, ...Endpoint[]];
  readonly rsaFingerprint: Uint8Array;
  readonly ed25519Id: Uint8Array | undefined;
}

/**
 * Whether a circuit that came from `previous` may go on to `target`; undefined when not. tor-spec, "extending
 * circuits": not to ourselves, not back to where it came from, not to anybody who has no RSA identity, and not into
 * private networks.
 */
export function nextHop(
  target: ExtendTarget,
  own: ExtenderOptions,
  previous: LinkPeer | undefined,
): NextHop | undefined {
  const { rsaId, ed25519Id } = target;
  if (rsaId === undefined || isZero(rsaId) || (ed25519Id !== undefined && isZero(ed25519Id)))
    return undefined;
  if (same(rsaId, own.fingerprint) || same(ed25519Id, own.ed25519Id)) return undefined;
  if (same(rsaId, previous?.rsaFingerprint) || same(ed25519Id, previous?.ed25519Id)) return undefined;
  const mayDial = (to: Endpoint | undefined): to is Endpoint => {
    const address = to === undefined || to.port === 0 ? undefined : readAddress(to.host);
    return address !== undefined && (own.allowPrivateAddresses || !isPrivateAddress(address));
  };
  const [first, ...others] = [target.ipv4, target.ipv6].filter(mayDial);
  if (first === undefined) return undefined;
  // The bytes lie in a cell, which is gone before the link stands.
  return { endpoints: [first, ...others], rsaFingerprint: rsaId.slice(), ed25519Id: ed25519Id?.slice() };
}

/** EXTEND2, and what comes of it. */
export class Extender {
  readonly #options: ExtenderOptions;
  readonly #channels: ChannelManager;
  readonly #circuits: Circuits;
  readonly #originator: Originator;
  readonly #counters: RelayCounters;

  constructor(
    options: ExtenderOptions,
    modules: {
      readonly channels: ChannelManager;
      readonly circuits: Circuits;
      readonly originator: Originator;
      readonly counters: RelayCounters;
    },
  ) {
    this.#options = options;
    this.#channels = modules.channels;
    this.#circuits = modules.circuits;
    this.#originator = modules.originator;
    this.#counters = modules.counters;
  }

  /** RELAY_EXTEND2. `isEarly`: it came in a RELAY_EARLY cell, as it must. */
  extend(circuit: RelayCircuit, data: Uint8Array, isEarly: boolean): void {
    const message = decodeExtend2(data);
    const isBusy = circuit.next !== undefined || circuit.extension !== undefined;
    const hop =
      message.ok && isEarly && !isBusy
        ? nextHop(extendTarget(message.value.specifiers), this.#options, circuit.prev.port.channel.peer)
        : undefined;
    if (!message.ok || hop === undefined) {
      this.#counters.extendsFailed += 1;
      this.#circuits.fault(circuit, 'bad-extend');
      return;
    }
    const create: Create2 = { type: message.value.create.type, data: message.value.create.data.slice() };
    let isDone = false;
    const extension = this.#channels.request(hop, {
      onPort: (port) => {
        isDone = true;
        circuit.extension = undefined;
        this.#create(circuit, port, create);
      },
      onFailed: (reason) => {
        isDone = true;
        circuit.extension = undefined;
        this.#fail(circuit, reason);
      },
    });
    if (!isDone) circuit.extension = extension;
  }

  /** CREATED2 came from the next relay. */
  onCreated(leg: Leg, body: Uint8Array): void {
    const { circuit } = leg;
    const data = decodeCreated2(body);
    if (leg.isOpen || !leg.isNext) {
      this.#circuits.fault(circuit, 'unexpected-created');
      return;
    }
    if (!data.ok) {
      this.#circuits.fault(circuit, 'bad-create');
      return;
    }
    leg.isOpen = true;
    this.#counters.extendsDone += 1;
    this.#originator.message(circuit, RELAY.extended2, CIRCUIT_STREAM, encodeCreated2(data.value));
  }

  #create(circuit: RelayCircuit, port: Port, create: Create2): void {
    if (circuit.isClosed) return;
    const id = port.freshId();
    if (id === undefined) {
      this.#fail(circuit, DESTROY_REASON.resourceLimit);
      return;
    }
    this.#circuits.join(circuit, port, id);
    port.sendControl(id, CELL.create2, encodeCreate2(create));
  }

  #fail(circuit: RelayCircuit, reason: DestroyReason): void {
    this.#counters.extendsFailed += 1;
    this.#circuits.close(circuit, reason);
  }
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

function same(one: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
  if (one === undefined || other === undefined) return false;
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}
