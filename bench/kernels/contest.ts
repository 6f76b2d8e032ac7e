/** Two ways to do the same work, to be measured in turn in one process. */
export interface Contest {
  readonly what: string;
  /** The least that `rival time / our time` should be. */
  readonly target: number;
  /** Which twin and build `ours` is. */
  readonly choice: string;
  readonly ours: () => void;
  readonly rival: () => void;
}
