import type { Control } from '../../control/control.ts';
import type { Style } from './names.ts';

/** What of a node cannot be changed while it runs but is told. */
export interface NodeFacts {
  readonly stateFolder: string;
  readonly dht: boolean;
  readonly pex: boolean;
  readonly lsd: boolean;
  readonly encryption: 'off' | 'prefer' | 'require';
}

/** What a method works with. */
export interface Call {
  readonly control: Control;
  readonly facts: NodeFacts;
  readonly style: Style;
  readonly sessionId: string;
  /** The revision of a minute ago. */
  readonly recentSince: () => number;
  /** Unix milliseconds. */
  readonly nowMs: () => number;
  /** Ends the node, soon. */
  readonly shutDown: () => void;
}
