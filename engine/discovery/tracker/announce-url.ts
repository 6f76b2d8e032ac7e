import type { AnnounceRequest } from './types.ts';

/** Bytes that stand for themselves in a URL (RFC 3986: unreserved). */
const UNRESERVED = /[A-Za-z0-9\-._~]/;

/** Each byte by itself: an info-hash is no text, so no text encoding may touch it. */
export function percentEncode(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) {
    const character = String.fromCharCode(byte);
    text += UNRESERVED.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return text;
}

/**
 * The URL of an announce (BEP 3, 7, 23). What the tracker's URL carries already, a passkey say, stays in front; a
 * fragment is dropped.
 */
export function announceUrl(tracker: string, request: AnnounceRequest): string {
  const parts = [
    `info_hash=${percentEncode(request.infoHash.subarray(0, 20))}`,
    `peer_id=${percentEncode(request.peerId)}`,
    `port=${request.port}`,
    `uploaded=${request.uploaded}`,
    `downloaded=${request.downloaded}`,
    `left=${request.left}`,
    'compact=1',
    `numwant=${request.peersWanted}`,
    `key=${request.key.toString(16).toUpperCase().padStart(8, '0')}`,
  ];
  if (request.event !== undefined) parts.push(`event=${request.event}`);
  if (request.trackerId !== undefined) parts.push(`trackerid=${percentEncode(request.trackerId)}`);
  if (request.ipv4 !== undefined) parts.push(`ipv4=${encodeURIComponent(request.ipv4)}`);
  if (request.ipv6 !== undefined) parts.push(`ipv6=${encodeURIComponent(request.ipv6)}`);
  const base = tracker.split('#', 1)[0]!;
  const joint = base.includes('?') ? (/[?&]$/.test(base) ? '' : '&') : '?';
  return `${base}${joint}${parts.join('&')}`;
}
