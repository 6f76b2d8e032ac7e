import type { DirectoryAuthority } from '../directory/authority-types.ts';
import type { RouterStatus } from '../directory/consensus-types.ts';
import type { Microdescriptor } from '../directory/descriptor-types.ts';
import { supportsProtocol } from '../directory/protocols.ts';
import { hexBytes } from './bytes.ts';
import type { HopPlan } from './circuit-types.ts';

/** What a client wishes for its circuits. */
export interface NegotiationWishes {
  readonly congestionControl: boolean;
  readonly cgo: boolean;
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
  const { host, orPort, fingerprint, nickname } = status;
  return {
    nickname,
    fingerprint,
    host,
    port: orPort,
    ed25519Id: descriptor?.ed25519Id,
    onionKey: descriptor?.ntorOnionKey,
    wishes: congestionControl ? { congestionControl, cgo } : undefined,
    target: {
      ipv4: { host, port: orPort },
      ipv6: status.ipv6,
      rsaId: hexBytes(fingerprint),
      ed25519Id: descriptor?.ed25519Id,
    },
  };
}

/** An authority as the only hop: its keys are not known, so CREATE_FAST. Undefined: it has no OR port. */
export function authorityPlan(authority: DirectoryAuthority): HopPlan | undefined {
  if (authority.orPort === 0) return undefined;
  const { host, orPort: port, fingerprint, nickname } = authority;
  return {
    nickname,
    fingerprint,
    host,
    port,
    ed25519Id: undefined,
    onionKey: undefined,
    wishes: undefined,
    target: { ipv4: { host, port }, ipv6: undefined, rsaId: hexBytes(fingerprint), ed25519Id: undefined },
  };
}
