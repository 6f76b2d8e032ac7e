/**
 * Runs tests several at once under a runner that takes them one after the other: the first one that is asked for begins
 * all of them, in their order, as far as there are lanes.
 */
export class Lanes<T> {
  private readonly count: number;
  private readonly works: ((context: T) => Promise<void>)[] = [];
  private readonly outcomes: Promise<void>[] = [];

  constructor(options: { readonly count: number }) {
    this.count = options.count;
  }

  /** Returns the number to ask for the outcome by. */
  add(work: (context: T) => Promise<void>): number {
    return this.works.push(work) - 1;
  }

  /** Settles as the test of this number does. */
  outcome(number: number, context: T): Promise<void> {
    if (this.count === 1) return this.works[number]!(context);
    if (this.outcomes.length === 0) this.begin(context);
    return this.outcomes[number]!;
  }

  private begin(context: T): void {
    const waiting: (() => void)[] = [];
    let running = 0;
    const turn = async (): Promise<void> => {
      if (running === this.count) await new Promise<void>((resolve) => waiting.push(resolve));
      else running++;
    };
    for (const work of this.works) {
      const outcome = turn()
        .then(() => work(context))
        .finally(() => {
          const next = waiting.shift();
          if (next === undefined) running--;
          else next();
        });
      outcome.catch(() => {}); // it is told when it is asked for
      this.outcomes.push(outcome);
    }
  }
}
