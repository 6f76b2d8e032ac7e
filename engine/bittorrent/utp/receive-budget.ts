/** What all connections of an endpoint together keep of what came: before its turn, or before its owner wants it. */
export class ReceiveBudget {
  readonly bytesMax: number;
  bytes = 0;

  constructor(options: { readonly bytesMax: number }) {
    this.bytesMax = options.bytesMax;
  }

  get leftBytes(): number {
    return Math.max(0, this.bytesMax - this.bytes);
  }
}
