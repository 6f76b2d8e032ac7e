/** Lets so many actions run at a time; the others wait in the order in which they came. */
export class Turns {
  private readonly countMax: number;
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(countMax: number) {
    this.countMax = countMax;
  }

  async run<T>(action: () => Promise<T>): Promise<T> {
    if (this.running >= this.countMax) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.running += 1;
    try {
      return await action();
    } finally {
      // The place goes to the next one, who has not been counted yet.
      const next = this.waiting.shift();
      if (next === undefined) this.running -= 1;
      else next();
    }
  }
}
