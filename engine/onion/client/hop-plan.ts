import type { DirectoryAuthority } from '../directory/authority-types.ts';
import type { RouterStatus } from '../directory/consensus-types.ts';
import type { Microdescriptor } from '../directory/descriptor-types.ts';
import { supportsProtocol } from '../directory/protocols.ts';
import { chooseAddress, type Ipv6Choice } from './address-choice.ts';
import { hexBytes } from './bytes.ts';
import type { HopPlan } from './circuit-types.ts';

/** What a client wishes for its circuits. */
export interface NegotiationWishes {
  readonly congestionControl: boolean;
  readonly cgo: boolean;
  /** Default: `no`. */
  readonly ipv6?: Ipv6Choice;
}

/**
 * How to greet a relay of the consensus. Congestion control is for the last hop, which is the other end of all data;
 * Counter Galois Onion for every hop that has it, and needs the other (FlowCtrl=2; Relay=5 to negotiate, 6 to have it).
 */
export function relayPlan(
  status: RouterStatus,
  descriptor: Microdescriptor | undefined,
  wishes: NegotiationWishes,
  isLast: boolean,
): HopPlan {
  const { protocols } = status;
  const has = (name: string, version: number): boolean => supportsProtocol(protocols, name, version);
  const hasV3 = has('Relay', 4) && has('FlowCtrl', 2) && descriptor?.ed25519Id !== undefined;
  const cgo = wishes.congestionControl && wishes.cgo && hasV3 && has('Relay', 5) && has('Relay', 6);
  const congestionControl = wishes.congestionControl && hasV3 && (isLast || cgo);
  const { orPort, fingerprint, nickname } = status;
  const ipv4 = { host: status.host, port: orPort };
  const ipv6 = ipv6Of(status, descriptor);
  // Only the first hop is dialled, and a first hop without a good address is not chosen.
  const { host, port } = chooseAddress(wishes.ipv6 ?? 'no', ipv4, ipv6) ?? ipv4;
  return {
    nickname,
    fingerprint,
    host,
    port,
    ed25519Id: descriptor?.ed25519Id,
    onionKey: descriptor?.ntorOnionKey,
    wishes: congestionControl ? { congestionControl, cgo } : undefined,
    target: {
      ipv4,
      ipv6,
      rsaId: hexBytes(fingerprint),
      ed25519Id: descriptor?.ed25519Id,
    },
  };
}

/** The IPv6 address of a relay: consensuses of today have it, microdescriptors of old methods had it. */
export function ipv6Of(status: RouterStatus, descriptor: Microdescriptor | undefined): RouterStatus['ipv6'] {
  return status.ipv6 ?? descriptor?.ipv6;
}

/**
 * An authority as the only hop: its keys are not known, so CREATE_FAST. Undefined: it has no OR port, or none at an
 * address that may be used.
 */
export function authorityPlan(authority: DirectoryAuthority, choice: Ipv6Choice = 'no'): HopPlan | undefined {
  const { fingerprint, nickname } = authority;
  const ipv4 = { host: authority.host, port: authority.orPort };
  const at = chooseAddress(choice, ipv4, authority.ipv6);
  if (at === undefined || at.port === 0) return undefined;
  const { host, port } = at;
  return {
    nickname,
    fingerprint,
    host,
    port,
    ed25519Id: undefined,
    onionKey: undefined,
    wishes: undefined,
    target: { ipv4, ipv6: authority.ipv6, rsaId: hexBytes(fingerprint), ed25519Id: undefined },
  };
}
