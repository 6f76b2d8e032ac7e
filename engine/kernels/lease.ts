import { AlliumError } from '../codec/error.ts';
import { SLOT_BYTES } from './types.ts';

/** Where a lease goes when its last holder lets go of it. */
export interface LeaseHome {
  readonly bytes: Uint8Array;
  takeBack(lease: Lease): void;
}

/**
 * The right to use a contiguous run of slots. It begins with one holder; each {@link retain} adds one, each
 * {@link release} takes one away, and with the last the slots go back to the slab. There are no finalizers: a
 * forgotten lease stays out, and `Slab.assertAllReturned` names its owner.
 */
export class Lease {
  /** Bytes from the start of the slab's memory to the first slot. */
  readonly offset: number;
  /** slots × {@link SLOT_BYTES}. */
  readonly byteLength: number;
  readonly slots: number;
  /** Index of the first slot. */
  readonly firstSlot: number;
  /** Who asked for it: a word for reports, such as `torrent read`. */
  readonly owner: string;
  readonly #home: LeaseHome;
  #holders = 1;

  constructor(
    options: {
      readonly offset: number;
      readonly firstSlot: number;
      readonly slots: number;
      readonly owner: string;
    },
    home: LeaseHome,
  ) {
    this.offset = options.offset;
    this.firstSlot = options.firstSlot;
    this.slots = options.slots;
    this.byteLength = options.slots * SLOT_BYTES;
    this.owner = options.owner;
    this.#home = home;
  }

  /** Whether anyone still holds it. After that its bytes may belong to someone else. */
  get live(): boolean {
    return this.#holders > 0;
  }

  /** The bytes of the run, as a new view on every call. */
  get bytes(): Uint8Array {
    return this.#home.bytes.subarray(this.offset, this.offset + this.byteLength);
  }

  /** One more holder. Throws LEASE_MISUSED on a lease that has gone back. */
  retain(): this {
    if (this.#holders === 0) throw this.#misuse('retained after it went back to the slab');
    this.#holders += 1;
    return this;
  }

  /** One holder less. Throws LEASE_MISUSED when released more often than it was held. */
  release(): void {
    if (this.#holders === 0) throw this.#misuse('released more often than it was held');
    this.#holders -= 1;
    if (this.#holders === 0) this.#home.takeBack(this);
  }

  #misuse(what: string): AlliumError {
    return new AlliumError('LEASE_MISUSED', `a lease of ${this.slots} slots of “${this.owner}” was ${what}`, {
      advice: 'This is a fault of the program: please report it with the stack trace.',
      details: { owner: this.owner, slots: this.slots },
    });
  }
}
