import { idKey } from './id.ts';
import { isSigned, itemTarget, SALT_BYTES_MAX, VALUE_BYTES_MAX } from './item.ts';
import { KRPC_ERROR } from './krpc-types.ts';
import type { DhtItem } from './types.ts';

export interface ItemStoreOptions {
  readonly itemsMax: number;
  /** BEP 44: items that are not put again may expire after two hours. */
  readonly lifetimeMs: number;
}

export const ITEM_STORE_DEFAULTS: ItemStoreOptions = { itemsMax: 10_000, lifetimeMs: 2 * 60 * 60_000 };

interface StoredItem {
  readonly item: DhtItem;
  readonly expiresMs: number;
}

/** An error for the one who put: code and text. */
export interface PutRefusal {
  readonly code: number;
  readonly text: string;
}

/** BEP 44: the items that others have put here. */
export class ItemStore {
  readonly #options: ItemStoreOptions;
  /** The one put longest ago comes first. */
  readonly #items = new Map<string, StoredItem>();

  constructor(options: Partial<ItemStoreOptions> = {}) {
    this.#options = { ...ITEM_STORE_DEFAULTS, ...options };
  }

  get count(): number {
    return this.#items.size;
  }

  get(target: Uint8Array, nowMs: number): DhtItem | undefined {
    const key = idKey(target);
    const stored = this.#items.get(key);
    if (stored === undefined) return undefined;
    if (stored.expiresMs > nowMs) return stored.item;
    this.#items.delete(key);
    return undefined;
  }

  /** Takes an item, checked by all the rules of BEP 44; copies what it keeps. undefined when it was taken. */
  put(item: DhtItem, cas: number | undefined, nowMs: number): PutRefusal | undefined {
    if (item.value.length > VALUE_BYTES_MAX) return { code: KRPC_ERROR.valueTooBig, text: 'value too big' };
    const target = itemTarget(item);
    const { signed } = item;
    if (signed !== undefined) {
      if (signed.salt.length > SALT_BYTES_MAX) return { code: KRPC_ERROR.saltTooBig, text: 'salt too big' };
      const refusal = refuseUpdate(this.get(target, nowMs), item, cas);
      if (refusal !== undefined) return refusal;
      if (!isSigned(item)) return { code: KRPC_ERROR.badSignature, text: 'invalid signature' };
    }
    const key = idKey(target);
    this.#items.delete(key);
    this.#items.set(key, { item: copyOf(item), expiresMs: nowMs + this.#options.lifetimeMs });
    if (this.#items.size > this.#options.itemsMax) {
      for (const oldest of this.#items.keys()) {
        this.#items.delete(oldest);
        break;
      }
    }
    return undefined;
  }

  expire(nowMs: number): void {
    for (const [key, stored] of this.#items) {
      if (stored.expiresMs > nowMs) return;
      this.#items.delete(key);
    }
  }
}

/** BEP 44: `cas` has to match, and the sequence number must not go down, nor stay with another value. */
function refuseUpdate(
  stored: DhtItem | undefined,
  item: DhtItem,
  cas: number | undefined,
): PutRefusal | undefined {
  if (stored?.signed === undefined || item.signed === undefined) return undefined;
  const { sequence } = stored.signed;
  if (cas !== undefined && cas !== sequence) return { code: KRPC_ERROR.casMismatch, text: 'CAS mismatch' };
  if (item.signed.sequence > sequence) return undefined;
  const same = item.signed.sequence === sequence && Buffer.compare(stored.value, item.value) === 0;
  return same ? undefined : { code: KRPC_ERROR.oldSequence, text: 'sequence number less than current' };
}

function copyOf(item: DhtItem): DhtItem {
  const value = item.value.slice();
  if (item.signed === undefined) return { value };
  const { publicKey, salt, sequence, signature } = item.signed;
  return {
    value,
    signed: {
      publicKey: publicKey.slice(),
      salt: salt.slice(),
      sequence,
      signature: signature.slice(),
    },
  };
}
