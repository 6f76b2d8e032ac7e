import type { Timer } from '../../runtime/port.ts';
import type { DhtNode } from './dht-node.ts';
import { isItemOf, itemTarget, mutableTarget } from './item.ts';
import type { KrpcMessage } from './krpc-types.ts';
import type { Candidate } from './lookup.ts';
import { storeOn } from './store-on.ts';
import type { DhtItem, LookupReport, StoreReport } from './types.ts';

export interface ItemsOptions {
  /** BEP 46: how often a followed item is looked up. Default 15 minutes. */
  readonly pollMs?: number;
  /** BEP 44: how often an item is put again so that it stays. Default one hour. */
  readonly republishMs?: number;
}

export interface GetResult {
  /** The newest item found; undefined when there is none. */
  readonly item: DhtItem | undefined;
  /** Nodes that have it. */
  readonly copies: number;
  /** Nodes whose item was not what was asked for: forged, or badly signed. */
  readonly forged: number;
  readonly lookup: LookupReport;
}

/** An item that is followed. */
export interface Following {
  stop(): void;
}

const POLL_MS = 15 * 60_000;
const REPUBLISH_MS = 60 * 60_000;
/** BEP 44: with more copies than this on the nearest nodes nobody needs to put it again. */
const COPIES_ENOUGH = 8;
/** While nothing was found yet: soon after the start there may be nobody to ask. */
const RETRY_MS = 20_000;
const NO_SALT = new Uint8Array(0);

/** BEP 44: items in the DHT; BEP 46: those that change and are followed. */
export class DhtItems {
  readonly #pollMs: number;
  readonly #republishMs: number;
  readonly #node: DhtNode;
  readonly #followed = new Set<Following>();

  constructor(options: ItemsOptions, modules: { readonly node: DhtNode }) {
    this.#pollMs = options.pollMs ?? POLL_MS;
    this.#republishMs = options.republishMs ?? REPUBLISH_MS;
    this.#node = modules.node;
  }

  /** Looks for the item of a hash (immutable). Never rejects. */
  async getImmutable(target: Uint8Array, signal?: AbortSignal): Promise<GetResult> {
    return (await this.#search(target, NO_SALT, signal)).result;
  }

  /** Looks for the newest item of a key and salt. Never rejects. */
  async getMutable(
    publicKey: Uint8Array,
    salt: Uint8Array = NO_SALT,
    signal?: AbortSignal,
  ): Promise<GetResult> {
    return (await this.#search(mutableTarget(publicKey, salt), salt, signal)).result;
  }

  /**
   * Puts an item on the nodes nearest to its target. `cas` (BEP 44): only where the sequence number is this. Never
   * rejects.
   */
  async put(item: DhtItem, cas?: number): Promise<StoreReport> {
    const salt = item.signed?.salt ?? NO_SALT;
    const { result, places } = await this.#search(itemTarget(item), salt, undefined);
    return this.#store(item, cas, places, result.lookup);
  }

  /**
   * BEP 46: calls `onUpdate` with each newer item of this key and salt, now and from then on, and puts the newest again
   * each hour so that it stays, unless there are copies enough (BEP 44).
   */
  follow(publicKey: Uint8Array, salt: Uint8Array, onUpdate: (item: DhtItem) => void): Following {
    const target = mutableTarget(publicKey, salt);
    const { clock } = this.#node.modules.runtime;
    let newest: DhtItem | undefined;
    let stopped = false;
    let timer: Timer | undefined;
    let putMs = clock.now();
    const round = async (): Promise<void> => {
      const { result, places } = await this.#search(target, salt, undefined);
      if (stopped) return;
      const { item } = result;
      const isNewer = item?.signed !== undefined && item.signed.sequence > (newest?.signed?.sequence ?? -1);
      if (isNewer) newest = item;
      const due = clock.now() - putMs >= this.#republishMs;
      if (newest !== undefined && due && result.copies <= COPIES_ENOUGH) {
        putMs = clock.now();
        void this.#store(newest, undefined, places, result.lookup);
      }
      timer = clock.setTimer(newest === undefined ? RETRY_MS : this.#pollMs, () => void round());
      // Last: the owner may stop right here.
      if (isNewer && newest !== undefined) onUpdate(newest);
    };
    const following: Following = {
      stop: () => {
        stopped = true;
        timer?.cancel();
        this.#followed.delete(following);
      },
    };
    this.#followed.add(following);
    timer = clock.setTimer(0, () => void round());
    return following;
  }

  stop(): void {
    for (const following of [...this.#followed]) following.stop();
  }

  async #search(
    target: Uint8Array,
    salt: Uint8Array,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly result: GetResult; readonly places: readonly Candidate[] }> {
    const found = new Found(target, salt);
    const { report, traversal } = await this.#node.traverse({
      target,
      name: 'get',
      fields: { id: this.#node.id, target },
      signal,
      onMessage: (message, from) => found.onMessage(message, from),
    });
    return {
      result: { item: found.item, copies: found.copies, forged: found.forged, lookup: report },
      places: traversal.lookup.nearest(true),
    };
  }

  #store(
    item: DhtItem,
    cas: number | undefined,
    places: readonly Candidate[],
    lookup: LookupReport,
  ): Promise<StoreReport> {
    const { value, signed } = item;
    return storeOn(this.#node, places, lookup, (candidate) => {
      const base = { id: this.#node.id, token: candidate.token ?? new Uint8Array(0), value };
      if (signed === undefined) return { name: 'put', fields: base };
      const { publicKey, salt, sequence, signature } = signed;
      // BEP 44: no `cas` to a node that has nothing.
      const expected = candidate.sequence === undefined ? undefined : cas;
      return { name: 'put', fields: { ...base, cas: expected, publicKey, salt, sequence, signature } };
    });
  }
}

/** What a look-up for an item has found so far. */
class Found {
  item: DhtItem | undefined;
  copies = 0;
  forged = 0;
  readonly #target: Uint8Array;
  readonly #salt: Uint8Array;

  constructor(target: Uint8Array, salt: Uint8Array) {
    this.#target = target;
    this.#salt = salt;
  }

  onMessage(message: KrpcMessage, from: Candidate): boolean {
    from.sequence = message.sequence;
    if (message.value === undefined) return false;
    const { publicKey, signature, sequence } = message;
    const signed =
      publicKey !== undefined && signature !== undefined && sequence !== undefined && sequence >= 0
        ? { publicKey: publicKey.slice(), salt: this.#salt, sequence, signature: signature.slice() }
        : undefined;
    const item: DhtItem = { value: message.value.slice(), ...(signed === undefined ? {} : { signed }) };
    if (!isItemOf(this.#target, item)) {
      this.forged++;
      return false;
    }
    const known = this.item?.signed?.sequence ?? -1;
    const own = signed?.sequence ?? 0;
    if (own > known) {
      this.item = item;
      this.copies = 1;
    } else if (own === known || signed === undefined) this.copies++;
    return true;
  }
}
