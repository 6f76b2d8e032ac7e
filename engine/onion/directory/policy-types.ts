/** The addresses that a rule of an exit policy is about: all, all of one family, or a network. */
export type PolicyNetwork =
  | { readonly kind: 'any' | 'any4' | 'any6' }
  | {
      readonly kind: 'net';
      /** 4 bytes for IPv4, 16 for IPv6; the bits behind the prefix are 0. */
      readonly bytes: Uint8Array;
      /** 0 … 32 or 128. */
      readonly prefixBits: number;
    };

/** One line of an exit policy. dir-spec, `accept` and `reject`. */
export interface PolicyRule {
  readonly isAccept: boolean;
  readonly network: PolicyNetwork;
  /** 1 ≤ portLow ≤ portHigh ≤ 65535. */
  readonly portLow: number;
  readonly portHigh: number;
}

/** The rules in order: the first that fits decides; where none fits, the answer is accept. dir-spec, exit policy. */
export interface ExitPolicy {
  readonly rules: readonly PolicyRule[];
}

/** A policy by port alone, as in the `p` and `p6` lines of consensus and microdescriptor. */
export interface PortSummary {
  /** Whether `ranges` are the ports that are let out, or those that are not. */
  readonly isAccept: boolean;
  /** low, high, low, high …, ascending and apart from one another. */
  readonly ranges: readonly number[];
}
