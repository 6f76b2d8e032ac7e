import { sha256 } from '../crypto/digest.ts';
import { readTime, timeText } from '../time.ts';
import { EXTRA_INFO_LIMITS, EXTRA_INFO_RULES } from './descriptor-rules.ts';
import type { ExtraInfo, ExtraInfoDigest } from './descriptor-types.ts';
import { type Items, readItems } from './items.ts';
import { pemText } from './pem.ts';
import { failure, type Result, success } from './result.ts';
import {
  isEd25519Signed,
  isRsaSigned,
  type RouterSigningKeys,
  readRouterIdentity,
  routerDigest,
  signRouterText,
} from './router-signature.ts';
import { encodeBase64, encodeHex, isNickname, latin1Text, readFingerprint } from './text.ts';

/** What stands in a document and how to believe it. */
export interface ExtraInfoCheck {
  /** Unix milliseconds. */
  readonly nowMs: number;
  /** RSA identity (PKCS#1 DER) from the server descriptor; undefined: only the Ed25519 signature is checked. */
  readonly identityKey: Uint8Array | undefined;
}

/** Reads an extra-info document and checks its signatures. dir-spec, extra-info document format. */
export function parseExtraInfo(bytes: Uint8Array, check: ExtraInfoCheck): Result<ExtraInfo> {
  if (bytes.length > EXTRA_INFO_LIMITS.bytesMax) return failure('the extra-info is longer than 50,000 bytes');
  const read = readItems(latin1Text(bytes), EXTRA_INFO_RULES, EXTRA_INFO_LIMITS);
  if (!read.ok) return failure(`the extra-info cannot be read: ${read.reason}`);
  const items = read.value;
  const [nickname = '', name] = items.one('extra-info').words;
  const fingerprint = readFingerprint(name);
  const [date, clock] = items.one('published').words;
  const publishedMs = readTime(date, clock);
  if (!isNickname(nickname) || fingerprint === undefined) return failure('the extra-info names no relay');
  if (publishedMs === undefined) return failure('the extra-info has no time');
  const identity = readRouterIdentity(items.one('identity-ed25519'), check.nowMs);
  if (!identity.ok) return failure(`the extra-info of ${nickname} is not genuine: ${identity.reason}`);
  if (!isEd25519Signed(bytes, items, identity.value.signingKey)) {
    return failure(`the extra-info of ${nickname} has a wrong Ed25519 signature`);
  }
  if (check.identityKey !== undefined && !isRsaSigned(bytes, items, check.identityKey)) {
    return failure(`the extra-info of ${nickname} has a wrong RSA signature`);
  }
  const { ed25519Id } = identity.value;
  const digest = digestOf(bytes, items);
  return success({ nickname, fingerprint, ed25519Id, publishedMs, digest, text: bytes.slice() });
}

/** The first digest ends with the text, the second takes in the signature: dir-spec, `extra-info-digest`. */
function digestOf(bytes: Uint8Array, items: Items): ExtraInfoDigest {
  return { sha1: encodeHex(routerDigest(bytes, items)), sha256: encodeBase64(sha256(bytes)) };
}

/** What goes into an extra-info document of ours. */
export interface ExtraInfoContent {
  readonly nickname: string;
  /** 40 upper-case hex digits. */
  readonly fingerprint: string;
  /** Unix milliseconds. */
  readonly publishedMs: number;
  /** Whole lines of statistics, without newlines, as `write-history 2026-01-01 00:00:00 (86400 s) 1,2`. */
  readonly lines: readonly string[];
}

/** An extra-info document, signed, with the digests that the server descriptor names it by. */
export function buildExtraInfo(
  content: ExtraInfoContent,
  keys: RouterSigningKeys,
): Result<{ readonly bytes: Uint8Array; readonly digest: ExtraInfoDigest }> {
  const odd = content.lines.find((line) => !/^[a-z][a-z0-9-]*( [\x20-\x7e]*)?$/.test(line));
  if (odd !== undefined || !isNickname(content.nickname))
    return failure('the extra-info has a line that is none');
  const text = [
    `extra-info ${content.nickname} ${content.fingerprint}\n`,
    `identity-ed25519\n${pemText('ED25519 CERT', keys.signingCert)}`,
    `published ${timeText(content.publishedMs)}\n`,
    ...content.lines.map((line) => `${line}\n`),
  ].join('');
  const bytes = signRouterText(text, keys);
  if (bytes.length > EXTRA_INFO_LIMITS.bytesMax) return failure('the extra-info is longer than 50,000 bytes');
  const read = readItems(latin1Text(bytes), EXTRA_INFO_RULES, EXTRA_INFO_LIMITS);
  return read.ok ? success({ bytes, digest: digestOf(bytes, read.value) }) : read;
}

/**
 * Bytes moved, day by day or in other intervals, as a line of extra-info: `keyword` is `write-history`, `read-history`,
 * `dirreq-write-history` … dir-spec, extra-info document format. The newest interval is the last; `endMs` is its end.
 */
export function historyLine(
  keyword: string,
  history: { readonly endMs: number; readonly intervalSeconds: number; readonly bytes: readonly number[] },
): string {
  return `${keyword} ${timeText(history.endMs)} (${history.intervalSeconds} s) ${history.bytes.join(',')}`.trimEnd();
}
