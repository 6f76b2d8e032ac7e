/** What the operator should look into: the newest, each once. */
export class Problems {
  private readonly countMax: number;
  private readonly lines = new Set<string>();

  constructor(options: { readonly countMax: number }) {
    this.countMax = options.countMax;
  }

  /** True when it is not in the list already. */
  add(line: string): boolean {
    const isNew = !this.lines.delete(line);
    this.lines.add(line);
    const [oldest] = this.lines;
    if (this.lines.size > this.countMax && oldest !== undefined) this.lines.delete(oldest);
    return isNew;
  }

  list(): readonly string[] {
    return [...this.lines];
  }
}
