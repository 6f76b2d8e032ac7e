import type { SessionView } from '../view.ts';

/** All that a node shows of itself: the JSON of `/status.json`. */
export interface NodeView extends SessionView {
  readonly version: string;
  /** Unix milliseconds. */
  readonly startedAtMs: number;
  readonly nowMs: number;
  readonly memoryBytes: number;
  /** What the operator should look into, newest last; bounded. */
  readonly problems: readonly string[];
  readonly folders: { readonly state: string; readonly downloads: string; readonly watch: string };
}
