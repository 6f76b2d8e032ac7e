import type { RelayCipherKind } from '../../kernels/relay-cells.ts';
import type { ExtendTarget } from '../cell/messages.ts';
import type { RelayFormat } from '../cell/relay-format.ts';
import { RELAY_V0 } from '../cell/relay-v0.ts';
import { RELAY_V1 } from '../cell/relay-v1.ts';
import type { HopWishes } from '../crypto/circuit-extensions.ts';

/** A relay to put into a circuit, and how to greet it. */
export interface HopPlan {
  readonly nickname: string;
  /** 40 upper-case hex digits. */
  readonly fingerprint: string;
  /** A literal address. */
  readonly host: string;
  readonly port: number;
  /** 32 bytes; undefined: not known. */
  readonly ed25519Id: Uint8Array | undefined;
  /** 32 bytes; undefined: CREATE_FAST, for a first hop only. */
  readonly onionKey: Uint8Array | undefined;
  /** Undefined: ntor, which negotiates nothing. */
  readonly wishes: HopWishes | undefined;
  /** What EXTEND2 says. */
  readonly target: ExtendTarget;
}

/** A hop that is there. */
export interface Hop {
  readonly plan: HopPlan;
  readonly cipher: RelayCipherKind;
  readonly format: RelayFormat;
}

/** How cells of that cipher are laid out. */
export function formatOf(cipher: RelayCipherKind): RelayFormat {
  return cipher === 'cgo' ? RELAY_V1 : RELAY_V0;
}

/** What a relay of the path did wrong; the circuit ends with it. Counted by name. */
export type CircuitFault =
  | 'unrecognised' // no hop can have sent this cell
  | 'relay-early-backwards'
  | 'bad-cell' // a relay cell or message that does not decode
  | 'bad-handshake' // an answer that does not prove the relay's key
  | 'unexpected-message' // at this moment, from this hop, on this stream
  | 'unknown-stream'
  | 'flow-control' // windows or SENDMEs that are not as agreed
  | 'too-many-messages';

/** How a circuit ended. */
export interface CircuitEnd {
  /**
   * `closed`: by us. `destroyed`: DESTROY or TRUNCATED came. `channel`: the link is gone. `protocol`: a
   * {@link CircuitFault}. `timeout`: it took too long to build. `refused`: it could not even be begun.
   */
  readonly kind: 'closed' | 'destroyed' | 'channel' | 'protocol' | 'timeout' | 'refused';
  /** A word or two. */
  readonly reason: string;
  /** Hops that there were when it ended. */
  readonly hopCount: number;
}

/** Who hears of a circuit. */
export interface CircuitHandler {
  /** One more hop is there; `hopCount` of them now. */
  onHop?(hopCount: number): void;
  /** All hops are there. */
  onBuilt(): void;
  /** Once, last; its streams have been told before. */
  onClosed(end: CircuitEnd): void;
}
