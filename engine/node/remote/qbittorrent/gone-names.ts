/**
 * Names that were told and are not there any more. Bounded: of very many the oldest are forgotten, and whoever still
 * knows them is rid of them with the next full answer.
 */
export class GoneNames {
  private readonly told = new Set<string>();
  private readonly countMax: number;

  constructor(options: { readonly countMax: number }) {
    this.countMax = options.countMax;
  }

  get size(): number {
    return this.told.size;
  }

  /** Notes the names that there are and returns those of before that there are not. */
  seen(now: ReadonlySet<string> | ReadonlyMap<string, unknown>): readonly string[] {
    for (const name of now.keys()) this.told.add(name);
    for (const name of this.told) {
      if (this.told.size <= this.countMax) break;
      this.told.delete(name);
    }
    return [...this.told].filter((name) => !now.has(name));
  }
}
