import {
  decodeHopGrant,
  type ExtensionFault,
  encodeHopWishes,
  type HopWishes,
} from './circuit-extensions.ts';
import { keyMaterialBytes, type RelayCipher } from './circuit-keys.ts';
import { NTOR_HANDSHAKE, type NtorFault } from './ntor.ts';
import { finishNtor, type NtorClient, startNtor } from './ntor-client.ts';
import { NTOR_V3_HANDSHAKE, type NtorV3Fault } from './ntor-v3.ts';
import { finishNtorV3, type NtorV3Client, startNtorV3 } from './ntor-v3-client.ts';
import { bad, good, type Outcome } from './outcome.ts';

/** A relay to extend to, and how. */
export interface HopTarget {
  /** RSA fingerprint, 20 bytes. */
  readonly fingerprint: Uint8Array;
  /** Ed25519 identity, 32 bytes; undefined: ntor, which does not name it. */
  readonly identity: Uint8Array | undefined;
  /** 32 bytes, from the descriptor. */
  readonly onionKey: Uint8Array;
}

/** What the client keeps until CREATED2 or EXTENDED2 comes. */
export interface HopHandshake {
  /** HTYPE. */
  readonly type: number;
  /** HDATA to send. */
  readonly onionSkin: Uint8Array;
  readonly state:
    | { readonly kind: 'ntor'; readonly client: NtorClient }
    | { readonly kind: 'ntor-v3'; readonly client: NtorV3Client; readonly wishes: HopWishes };
}

/** The new hop. */
export interface HopKeys {
  readonly cipher: RelayCipher;
  /** For {@link splitTor1Keys} or {@link splitCgoKeys}. */
  readonly keys: Uint8Array;
  /** Undefined: fixed windows. */
  readonly sendmeIncrement: number | undefined;
}

/** `unasked`: the relay granted what was not asked for, or not what a wish depends on. */
export type HopFault = NtorFault | NtorV3Fault | ExtensionFault | 'unasked';

/**
 * Begins a handshake with the next hop: ntor-v3 where there is something to negotiate (`wishes` given and an
 * identity known), else ntor. `ephemeralPrivateKey`: 32 fresh random bytes. Throws a RangeError for CGO without
 * congestion control.
 */
export function startHop(
  target: HopTarget,
  wishes: HopWishes | undefined,
  ephemeralPrivateKey: Uint8Array,
): Outcome<HopHandshake, HopFault> {
  const { fingerprint, identity, onionKey } = target;
  if (wishes === undefined || identity === undefined) {
    const client = startNtor({ fingerprint, onionKey }, ephemeralPrivateKey);
    return good({ type: NTOR_HANDSHAKE, onionSkin: client.onionSkin, state: { kind: 'ntor', client } });
  }
  if (wishes.cgo && !wishes.congestionControl) throw new RangeError('CGO needs congestion control');
  const started = startNtorV3({ identity, onionKey }, ephemeralPrivateKey, encodeHopWishes(wishes));
  if (!started.ok) return started;
  const client = started.value;
  return good({
    type: NTOR_V3_HANDSHAKE,
    onionSkin: client.onionSkin,
    state: { kind: 'ntor-v3', client, wishes },
  });
}

/** Ends it with HDATA of CREATED2 or EXTENDED2. */
export function finishHop(hop: HopHandshake, reply: Uint8Array): Outcome<HopKeys, HopFault> {
  const { state } = hop;
  if (state.kind === 'ntor') {
    const keys = finishNtor(state.client, reply);
    return keys.ok ? good({ cipher: 'tor1', keys: keys.value, sendmeIncrement: undefined }) : keys;
  }
  const cipher = state.wishes.cgo ? 'cgo' : 'tor1';
  const finish = finishNtorV3(state.client, reply, keyMaterialBytes(cipher));
  if (!finish.ok) return finish;
  const grant = decodeHopGrant(finish.value.message);
  if (!grant.ok) return grant;
  const { sendmeIncrement } = grant.value;
  const granted = sendmeIncrement !== undefined;
  if (granted ? !state.wishes.congestionControl : state.wishes.cgo) return bad('unasked');
  return good({ cipher, keys: finish.value.keys, sendmeIncrement });
}
