import { VERSION } from '../../codec/version.ts';
import type { HttpResponse, Network } from '../../runtime/port.ts';
import type { WebSeedAnswer, WebSeedPart } from './types.ts';

/** A server that knows no ranges may send a file whole when it is no longer than this. */
export const WHOLE_FILE_BYTES_MAX = 4 * 1024 * 1024;
/** BEP 17: a server may ask for this much patience, and no more. */
const RETRY_AFTER_MAX_MS = 3_600_000;
const ANSWER_TIMEOUT_MS = 30_000;
const FAILED: WebSeedAnswer = { kind: 'failed', retryAfterMs: 0 };
const REFUSED: WebSeedAnswer = { kind: 'refused' };
/** Request Timeout, Too Early, Too Many Requests: these may change by waiting. */
const WORTH_WAITING: ReadonlySet<number> = new Set([408, 425, 429]);

/** Asks for the parts of a span, one after the other, and puts them together. `signal` gives up. */
export async function askWebSeed(
  parts: readonly WebSeedPart[],
  network: Pick<Network, 'http'>,
  signal?: AbortSignal,
): Promise<WebSeedAnswer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    if (part.url !== undefined) {
      const answer = await askForPart(part, part.url, network, signal);
      if (answer.kind !== 'bytes') return answer;
      bytes.set(answer.bytes, at);
    }
    at += part.byteLength;
  }
  return { kind: 'bytes', bytes };
}

async function askForPart(
  part: WebSeedPart,
  url: string,
  network: Pick<Network, 'http'>,
  signal: AbortSignal | undefined,
): Promise<WebSeedAnswer> {
  const { position, byteLength, fileBytes } = part;
  const range = { range: `bytes=${position}-${position + byteLength - 1}` };
  try {
    const response = await network.http({
      url,
      headers: { 'user-agent': `Allium/${VERSION}`, ...(fileBytes === 0 ? {} : range) },
      timeoutMs: ANSWER_TIMEOUT_MS,
      maxBytes: fileBytes <= WHOLE_FILE_BYTES_MAX ? Math.max(byteLength, fileBytes) : byteLength,
      ...(signal === undefined ? {} : { signal }),
    });
    return judgeAnswer(part, response);
  } catch {
    return FAILED;
  }
}

/** What an answer to a request for this part is worth. */
export function judgeAnswer(part: WebSeedPart, { status, body, contentRange }: HttpResponse): WebSeedAnswer {
  const { position, byteLength, fileBytes } = part;
  if (status === 206 || (status === 200 && fileBytes === 0)) {
    if (status === 206 && contentRange !== undefined && !isRangeOf(part, contentRange)) return REFUSED;
    return body.length === byteLength ? { kind: 'bytes', bytes: body } : REFUSED;
  }
  // The server knows no ranges: this is the file.
  if (status === 200) {
    if (body.length !== fileBytes) return REFUSED;
    return { kind: 'bytes', bytes: body.subarray(position, position + byteLength) };
  }
  if (status === 503 && fileBytes === 0) return { kind: 'failed', retryAfterMs: patience(body) };
  if (status >= 500 || WORTH_WAITING.has(status)) return FAILED;
  return REFUSED;
}

/** RFC 9110: the part that was asked for, of a file of that length. A server that does not say has the hashes judge. */
function isRangeOf({ position, byteLength, fileBytes }: WebSeedPart, contentRange: string): boolean {
  if (fileBytes === 0) return true;
  const [, first, last, whole] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/i.exec(contentRange.trim()) ?? [];
  if (Number(first) !== position || Number(last) !== position + byteLength - 1) return false;
  return whole === '*' || Number(whole) === fileBytes;
}

/** BEP 17: a busy server sends the seconds to wait as text. */
function patience(body: Uint8Array): number {
  const text = Buffer.from(body.buffer, body.byteOffset, Math.min(body.length, 16)).toString('latin1').trim();
  return /^\d{1,9}$/.test(text) ? Math.min(Number(text) * 1000, RETRY_AFTER_MAX_MS) : 0;
}
