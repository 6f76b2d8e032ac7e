import { addressText } from '../../codec/address.ts';
import { subnetKey } from './compact.ts';

/** Voters remembered; each neighbourhood has one vote. */
const VOTERS_MAX = 64;
/** Fewer votes decide nothing. */
const VOTES_MIN = 4;
/** With so many of one mind no further ones are remembered. */
const VOTES_KEPT = 16;

/**
 * BEP 42: what this node's own address is, by what others see. One liar must not be believed, so each /24 has one
 * vote, and more than half have to agree.
 */
export class ExternalAddress {
  readonly #votes = new Map<string, string>();
  #decided: string | undefined;
  #last: Uint8Array = new Uint8Array(0);
  #lastText = '';
  /** Whether anybody remembered says otherwise. */
  #dissent = false;

  get voters(): number {
    return this.#votes.size;
  }

  /** The address that most agree on, as text. */
  get decided(): string | undefined {
    return this.#decided;
  }

  /**
   * A node at `voter` sees us at `compact` (address and port). Returns the bytes of our address when this vote has
   * changed what is believed.
   */
  vote(voter: string, compact: Uint8Array): Uint8Array | undefined {
    const address = compact.subarray(0, compact.length - 2);
    const text = this.#textOf(address);
    // Nearly always: all have agreed for long, and this one does too.
    if (text === this.#decided && !this.#dissent && this.#votes.size >= VOTES_KEPT) return undefined;
    const key = subnetKey(voter);
    this.#votes.delete(key);
    this.#votes.set(key, text);
    if (this.#votes.size > VOTERS_MAX) {
      for (const oldest of this.#votes.keys()) {
        this.#votes.delete(oldest);
        break;
      }
    }
    this.#dissent =
      this.#decided !== undefined && [...this.#votes.values()].some((vote) => vote !== this.#decided);
    if (text === this.#decided) return undefined;
    let count = 0;
    for (const vote of this.#votes.values()) if (vote === text) count++;
    if (count < VOTES_MIN || count * 2 <= this.#votes.size) return undefined;
    this.#decided = text;
    this.#dissent = true;
    return address.slice();
  }

  /** The same address comes with nearly every answer. */
  #textOf(address: Uint8Array): string {
    const last = this.#last;
    if (last.length !== address.length || last.some((byte, at) => byte !== address[at])) {
      this.#last = address.slice();
      this.#lastText = addressText(address);
    }
    return this.#lastText;
  }
}
