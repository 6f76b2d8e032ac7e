import type { Lease } from '../../kernels/lease.ts';
import { SLOT_BYTES } from '../../kernels/types.ts';

/**
 * The slots that the blocks asked of one peer will land in: as many as blocks are outstanding, and none is meant for a
 * certain block. A block stays in the slot it came in and takes the slot along, so the order of the answers does not
 * matter. Every slot is a lease of its own: one that waits for its piece holds up no other.
 */
export class Landing {
  /** In the order in which they are to be filled. */
  private readonly free: Lease[] = [];
  /** Where the socket may be writing now, whatever becomes of the slots meanwhile. */
  private lent: Lease[] = [];

  get freeCount(): number {
    return this.free.length;
  }

  /** Takes over one reference of each. */
  add(slots: readonly Lease[]): void {
    for (const slot of slots) this.free.push(slot);
  }

  /** Returns slots, the last first, until `count` are left. */
  trim(count: number): void {
    while (this.free.length > count) this.free.pop()!.release();
  }

  /** The slot to be filled next; the caller's from now on. */
  takeFirst(): Lease | undefined {
    return this.free.shift();
  }

  /** The free slot that begins at this place of the slab; the caller's from now on. */
  takeAt(offset: number): Lease | undefined {
    const index = this.indexAt(offset);
    if (index <= 0) return index === 0 ? this.free.shift() : undefined;
    return this.free.splice(index, 1)[0];
  }

  /** A slot that was taken and has not been used. */
  giveBack(slot: Lease): void {
    this.free.push(slot);
  }

  /** Where the slot to be filled next begins. */
  get firstOffset(): number {
    return this.free[0]!.offset;
  }

  /** Whether a free slot begins at this place of the slab. */
  isFree(offset: number): boolean {
    return this.indexAt(offset) !== -1;
  }

  /**
   * Lends up to `slotsMax` free slots that lie behind each other from `offset` on, and `held`, a slot in front of them
   * that is not free; what was lent before is not any more. Returns how many free ones.
   */
  lend(offset: number, slotsMax: number, held?: Lease): number {
    const before = this.lent;
    this.lent = held === undefined ? [] : [held.retain()];
    const first = this.indexAt(offset);
    let count = 0;
    while (first !== -1 && count < slotsMax) {
      const slot = this.free[first + count];
      if (slot === undefined || slot.offset !== offset + count * SLOT_BYTES) break;
      this.lent.push(slot.retain());
      count++;
    }
    for (const slot of before) slot.release();
    return count;
  }

  /** What was lent that begins at this place, free or not. */
  lentAt(offset: number): Lease | undefined {
    return this.lent.find((slot) => slot.offset === offset);
  }

  /** The socket writes elsewhere. */
  unlend(): void {
    for (const slot of this.lent) slot.release();
    this.lent.length = 0;
  }

  /** Returns everything. */
  close(): void {
    this.trim(0);
    this.unlend();
  }

  /** Nearly always the first, else one of the few that were lent. */
  private indexAt(offset: number): number {
    for (let index = 0; index < this.free.length; index++)
      if (this.free[index]!.offset === offset) return index;
    return -1;
  }
}
