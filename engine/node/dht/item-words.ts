import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { asBytes, decodeBencode, decodeUtf8, encodeBencode } from '../../codec/bencode.ts';
import { AlliumError } from '../../codec/error.ts';
import { hex } from '../../codec/hex.ts';
import { printable } from '../../codec/text.ts';
import { SEED_BYTES, VALUE_BYTES_MAX } from '../../discovery/dht/item.ts';
import { infoHashOf, pointerTo } from '../../discovery/dht/mutable-torrent.ts';
import type { DhtItem } from '../../discovery/dht/types.ts';

/** The value that a text on the command line stands for. Throws BAD_USAGE when it cannot be stored. */
export function readValue(text: string, isTorrent: boolean): Uint8Array {
  if (isTorrent) {
    if (!/^[0-9a-f]{40}$/i.test(text)) {
      throw new AlliumError('BAD_USAGE', `“${text}” is no info-hash`, {
        advice: 'Give 40 hexadecimal digits.',
      });
    }
    return pointerTo(new Uint8Array(Buffer.from(text, 'hex')));
  }
  const value = encodeBencode(text);
  if (value.length <= VALUE_BYTES_MAX) return value;
  throw new AlliumError('BAD_USAGE', `the value has ${value.length} bytes`, {
    advice: 'The DHT takes at most 1,000.',
    details: { bytes: value.length },
  });
}

/** The private key in a file: 32 bytes, for the user alone. A new one is made when there is no such file. */
export function keyFromFile(path: string): Uint8Array {
  if (!existsSync(path)) {
    const seed = randomBytes(SEED_BYTES);
    writeFileSync(path, seed, { mode: 0o600, flag: 'wx' });
    return new Uint8Array(seed);
  }
  const seed = new Uint8Array(readFileSync(path));
  if (seed.length === SEED_BYTES) return seed;
  throw new AlliumError('BAD_STATE', `“${path}” is no private key: it has ${seed.length} bytes`, {
    advice: 'A key has 32 bytes; name a file that is not there, and one is made.',
    details: { path },
  });
}

/** An item in words. */
export interface ItemView {
  /** A string as text, an info-hash (BEP 46) in hexadecimal, anything else as hexadecimal bencode. */
  readonly text: string;
  readonly infoHash: string | undefined;
  readonly valueHex: string;
  readonly sequence: number | undefined;
}

export function itemView(item: DhtItem): ItemView {
  const pointed = infoHashOf(item);
  const infoHash = pointed === undefined ? undefined : hex(pointed);
  const valueHex = hex(item.value);
  return {
    text: infoHash ?? plainText(item.value) ?? valueHex,
    infoHash,
    valueHex,
    sequence: item.signed?.sequence,
  };
}

function plainText(value: Uint8Array): string | undefined {
  const result = decodeBencode(value, { depthMax: 8, itemCountMax: 256 });
  const bytes = result.ok ? asBytes(result.value) : undefined;
  const text = bytes === undefined ? undefined : decodeUtf8(bytes);
  return text === undefined ? undefined : printable(text);
}
