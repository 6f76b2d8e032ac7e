import { AlliumError } from '../../codec/error.ts';
import { VERSION } from '../../codec/version.ts';
import type { Network } from '../../runtime/port.ts';
import { decodeAnnounceAnswer } from './announce-answer.ts';
import { announceUrl } from './announce-url.ts';
import type { AnnounceAnswer, AnnounceTransport } from './types.ts';

/** Longest answer of a tracker. */
export const ANSWER_BYTES_MAX = 1024 * 1024;

/** Of every request to a tracker. */
export const TRACKER_HEADERS: Readonly<Record<string, string>> = {
  'user-agent': `Allium/${VERSION}`,
  accept: '*/*',
  connection: 'close',
};

/**
 * Announces over HTTP and HTTPS (BEP 3). What the tracker refuses rejects with TRACKER_FAILED, whose details carry
 * `reason` and, when the tracker says so (BEP 31), `retryAfterMs`. The tracker's URL may hold a secret, so that
 * only its host is ever named.
 */
export function httpAnnounce(network: Network): AnnounceTransport {
  return async (url, request, timeoutMs) => {
    const response = await network.http({
      url: announceUrl(url, request),
      headers: TRACKER_HEADERS,
      timeoutMs,
      maxBytes: ANSWER_BYTES_MAX,
    });
    return answerOf(url, response.status, response.body);
  };
}

function answerOf(url: string, status: number, body: Uint8Array): AnnounceAnswer {
  const decoded = decodeAnnounceAnswer(body);
  const host = hostOf(url);
  if (decoded.kind === 'refused') {
    const { reason, retryAfterMs } = decoded;
    throw new AlliumError('TRACKER_FAILED', `tracker ${host} refuses: ${reason}`, {
      advice: 'The tracker decides this; its site may say more.',
      details: { host, reason, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) },
    });
  }
  if (decoded.kind === 'answer' && status === 200) return decoded.answer;
  const what = status === 200 ? 'not with a list of peers' : `with HTTP status ${status}`;
  throw new AlliumError('TRACKER_FAILED', `tracker ${host} answers ${what}`, {
    advice: 'It may be out of order, or the address may be wrong.',
    details: { host, status },
  });
}

/** What may be shown of a tracker's URL. */
export function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'unknown';
}
