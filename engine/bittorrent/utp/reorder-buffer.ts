import { sequenceDistance } from './sequence.ts';

const CAPACITY_START = 16;

/** Payloads that came before their turn, by sequence number. */
export class ReorderBuffer {
  count = 0;
  byteLength = 0;
  /** The newest one in it; meaningless when it is empty. */
  newest = 0;
  private readonly packetsMax: number;
  private slots: (Uint8Array | undefined)[] = new Array(CAPACITY_START);

  /** `packetsMax`, a power of two: how far ahead a packet may be. */
  constructor(options: { readonly packetsMax: number }) {
    this.packetsMax = options.packetsMax;
  }

  /** Keeps `payload` of `seq`, which lies `ahead` (> 0) of the one that is awaited. False: it is known, or too far. */
  put(seq: number, ahead: number, payload: Uint8Array): boolean {
    if (ahead >= this.packetsMax) return false;
    while (ahead >= this.slots.length) this.grow(seq, ahead);
    const at = seq & (this.slots.length - 1);
    if (this.slots[at] !== undefined) return false;
    this.slots[at] = payload;
    this.byteLength += payload.length;
    if (this.count === 0 || sequenceDistance(this.newest, seq) < 0x8000) this.newest = seq;
    this.count++;
    return true;
  }

  /** Takes out what `seq` brought, the awaited one; undefined when it has not come. */
  take(seq: number): Uint8Array | undefined {
    if (this.count === 0) return undefined;
    const at = seq & (this.slots.length - 1);
    const payload = this.slots[at];
    if (payload === undefined) return undefined;
    this.slots[at] = undefined;
    this.byteLength -= payload.length;
    this.count--;
    return payload;
  }

  /**
   * BEP 29, selective ack: writes the mask to `bytes` from `at` on, a multiple of 4 bytes, `bytesMax` at the most;
   * its length. The first bit, the lowest of the first byte, stands for `first`: the one after the awaited one.
   */
  writeMask(bytes: Uint8Array, at: number, first: number, bytesMax: number): number {
    const bits = sequenceDistance(first, this.newest) + 1;
    const length = Math.min(bytesMax, 4 * Math.ceil(bits / 32));
    const mask = this.slots.length - 1;
    const known = Math.min(bits, 8 * length);
    for (let i = 0; i < length; i++) bytes[at + i] = 0;
    for (let bit = 0; bit < known; bit++) {
      if (this.slots[(first + bit) & mask] !== undefined) bytes[at + (bit >> 3)]! |= 1 << (bit & 7);
    }
    return length;
  }

  clear(): void {
    this.slots = new Array(CAPACITY_START);
    this.count = 0;
    this.byteLength = 0;
  }

  /** `seq` is `ahead` of the awaited one; what is kept lies between. */
  private grow(seq: number, ahead: number): void {
    const old = this.slots;
    this.slots = new Array(2 * old.length);
    for (let i = 1; i < old.length; i++) {
      const kept = (seq - ahead + i) & 0xffff;
      this.slots[kept & (this.slots.length - 1)] = old[kept & (old.length - 1)];
    }
  }
}
