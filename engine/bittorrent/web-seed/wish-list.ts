import type { Span } from './types.ts';

/** A block that waits or is on its way; `cancelled`: nobody waits for it any more. */
export interface Wish extends Span {
  readonly piece: number;
  readonly begin: number;
  cancelled: boolean;
}

/** Blocks behind each other, asked for at once. */
export interface WishRun extends Span {
  readonly wishes: readonly Wish[];
}

/** The blocks that a web seed was asked for, in order. Pure. */
export class WishList {
  private readonly runBytesMax: number;
  private waiting: Wish[] = [];
  private readonly onTheirWay = new Set<Wish>();

  constructor(options: { readonly runBytesMax: number }) {
    this.runBytesMax = options.runBytesMax;
  }

  get isEmpty(): boolean {
    return this.waiting.length === 0;
  }

  add(piece: number, begin: number, span: Span): void {
    this.waiting.push({ ...span, piece, begin, cancelled: false });
  }

  cancel(piece: number, begin: number): void {
    const isIt = (wish: Wish): boolean => wish.piece === piece && wish.begin === begin;
    this.waiting = this.waiting.filter((wish) => !isIt(wish));
    for (const wish of this.onTheirWay) if (isIt(wish)) wish.cancelled = true;
  }

  /** The oldest block and as many of those asked for next as lie behind it; {@link done} is to follow. */
  take(): WishRun | undefined {
    const first = this.waiting[0];
    if (first === undefined) return undefined;
    let byteLength = 0;
    let count = 0;
    for (const wish of this.waiting) {
      if (wish.offset !== first.offset + byteLength) break;
      if (count > 0 && byteLength + wish.byteLength > this.runBytesMax) break;
      byteLength += wish.byteLength;
      count++;
    }
    const wishes = this.waiting.splice(0, count);
    for (const wish of wishes) this.onTheirWay.add(wish);
    return { wishes, offset: first.offset, byteLength };
  }

  done(run: WishRun): void {
    for (const wish of run.wishes) this.onTheirWay.delete(wish);
  }
}
