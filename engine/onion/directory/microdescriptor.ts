import { sha256 } from '../crypto/digest.ts';
import type { Microdescriptor } from './descriptor-types.ts';
import { readFamily, readFamilyIds } from './family.ts';
import { type ItemRules, readItems } from './items.ts';
import type { DocumentLimits } from './line-reader.ts';
import type { PortSummary } from './policy-types.ts';
import { parsePortSummary, REJECT_ALL } from './port-summary.ts';
import { failure, type Result, success } from './result.ts';
import { readIpv6Endpoint } from './router-status.ts';
import { splitDocuments } from './split.ts';
import { decodeBase64, encodeBase64, latin1Text } from './text.ts';

/** Bounds of one microdescriptor; those of the public network have some hundred bytes, large families some thousand. */
export const MICRODESC_LIMITS: DocumentLimits = {
  bytesMax: 64 * 1024,
  lineBytesMax: 32 * 1024,
  objectBytesMax: 4096,
  linesMax: 64,
};

/** Microdescriptors of one answer: 92 digests are what one URL asks for; caches answer to no more. */
export const MICRODESCS_PER_ANSWER_MAX = 1000;

const RULES: ItemRules = {
  'onion-key': { times: 'once', place: 'first' },
  'ntor-onion-key': { times: 'once', wordsMin: 1 },
  a: { times: 'any', wordsMin: 1 },
  family: { times: 'at-most-once' },
  'family-ids': { times: 'at-most-once' },
  p: { times: 'at-most-once', wordsMin: 2 },
  p6: { times: 'at-most-once', wordsMin: 2 },
  id: { times: 'any', wordsMin: 2 },
};

/** Reads one microdescriptor; the bytes are exactly its text. dir-spec, microdescriptors. */
export function parseMicrodescriptor(bytes: Uint8Array): Result<Microdescriptor> {
  if (bytes.length > MICRODESC_LIMITS.bytesMax) return failure('the microdescriptor is too long');
  const read = readItems(latin1Text(bytes), RULES, MICRODESC_LIMITS);
  if (!read.ok) return failure(`the microdescriptor cannot be read: ${read.reason}`);
  const items = read.value;
  const ntorOnionKey = decodeBase64(items.one('ntor-onion-key').words[0]!, 32);
  if (ntorOnionKey === undefined) return failure('the ntor key of the microdescriptor is no key of 32 bytes');
  const policy = readSummary(items.first('p')?.rest);
  const policy6 = readSummary(items.first('p6')?.rest);
  if (policy === undefined || policy6 === undefined)
    return failure('the microdescriptor has a bad list of ports');
  const identity = items.all('id').find((item) => item.words[0] === 'ed25519')?.words[1];
  const ed25519Id = identity === undefined ? undefined : decodeBase64(identity, 32);
  if (identity !== undefined && ed25519Id === undefined)
    return failure('the microdescriptor has a bad identity');
  return success({
    digest: encodeBase64(sha256(bytes)),
    ntorOnionKey,
    ed25519Id,
    family: readFamily(items.first('family')?.words ?? []),
    familyIds: readFamilyIds(items.first('family-ids')?.words ?? []),
    policy,
    policy6,
    ipv6: items
      .all('a')
      .map((item) => readIpv6Endpoint(item.words[0]!))
      .find((found) => found !== undefined),
    byteLength: bytes.length,
  });
}

function readSummary(text: string | undefined): PortSummary | undefined {
  if (text === undefined) return REJECT_ALL;
  const parsed = parsePortSummary(text);
  return parsed.ok ? parsed.value : undefined;
}

/** One of several documents of an answer. */
export interface DocumentPart<T> {
  readonly bytes: Uint8Array;
  readonly result: Result<T>;
}

/** Reads the microdescriptors of an answer, one behind the other; the bad ones do not spoil the others. */
export function parseMicrodescriptors(bytes: Uint8Array): readonly DocumentPart<Microdescriptor>[] {
  return splitDocuments(bytes, 'onion-key', MICRODESCS_PER_ANSWER_MAX).map((part) => ({
    bytes: part,
    result: parseMicrodescriptor(part),
  }));
}
