import type { LinkFault } from './types.ts';

/** What the links of an event loop have seen. Live: read it whenever you like. */
export interface LinkStats {
  opened: number;
  /** Links that broke a rule, by rule; at most as many names as there are. */
  readonly faults: Map<LinkFault, number>;
  paddingSent: number;
  paddingReceived: number;
  /** Cells of unknown commands on open links; they are ignored. */
  unknownCells: number;
}

export function createLinkStats(): LinkStats {
  return { opened: 0, faults: new Map(), paddingSent: 0, paddingReceived: 0, unknownCells: 0 };
}
