/** An honest peer waits for our handshake, or sends its bitfield and a few small messages along with its own. */
const EARLY_BYTES_MAX = 64 * 1024;

export interface EarlyBytesModules {
  /** Where the next bytes belong. */
  readonly target: () => Uint8Array;
  /** So many bytes lie in the last target. */
  readonly takeIn: (length: number) => void;
}

/**
 * What a caller sends while its torrent is being fetched. The stream is paused meanwhile, so that this is little; the
 * target that is lent out by then is still the one that the first read after the pause goes into.
 */
export class EarlyBytes {
  private readonly modules: EarlyBytesModules;
  private readonly bytes = new Uint8Array(EARLY_BYTES_MAX);
  private length = 0;
  private taken = 0;
  private released = false;

  constructor(modules: EarlyBytesModules) {
    this.modules = modules;
  }

  /** Where the next bytes shall go: at least one, as streams want it. */
  target(): Uint8Array {
    return this.isFull ? new Uint8Array(1) : this.bytes.subarray(this.length);
  }

  get isFull(): boolean {
    return this.length === this.bytes.length;
  }

  /** `released`: the torrent is there and these were the last bytes that came this way. */
  onRead(length: number, isOver: () => boolean): 'kept' | 'released' {
    this.length += length;
    if (!this.released) return 'kept';
    this.release(isOver);
    return 'released';
  }

  /** The torrent is there: takes in what has come, as if it had come just now. */
  release(isOver: () => boolean): void {
    this.released = true;
    while (this.taken < this.length && !isOver()) {
      const target = this.modules.target();
      const end = Math.min(this.length, this.taken + target.length);
      target.set(this.bytes.subarray(this.taken, end));
      const length = end - this.taken;
      this.taken = end;
      this.modules.takeIn(length);
    }
  }
}
