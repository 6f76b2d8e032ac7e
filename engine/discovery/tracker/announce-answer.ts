import {
  asBytes,
  asDict,
  asInteger,
  asList,
  asText,
  type BencodeDict,
  type BencodeValue,
  decodeBencode,
} from '../../codec/bencode.ts';
import type { Endpoint } from '../../runtime/port.ts';
import { addressText, compactEndpoints, isLiteralAddress } from './address.ts';
import { plainText } from './plain-text.ts';
import { type AnnounceAnswer, PEERS_MAX } from './types.ts';

/** What came back from a tracker. `refused`: it says why. `malformed`: this is no answer to an announce. */
export type DecodedAnswer =
  | { readonly kind: 'answer'; readonly answer: AnnounceAnswer }
  | {
      readonly kind: 'refused';
      readonly reason: string;
      /** BEP 31: when to try again; Infinity: never. */
      readonly retryAfterMs: number | undefined;
    }
  | { readonly kind: 'malformed' };

/** A tracker identifier longer than this is not given back. */
const TRACKER_ID_BYTES_MAX = 256;
const TEXT_LENGTH_MAX = 200;

/** Decodes the answer of an HTTP tracker (BEP 3, 7, 23, 24, 31). Never throws; strange fields are left out. */
export function decodeAnnounceAnswer(body: Uint8Array): DecodedAnswer {
  const result = decodeBencode(body, { depthMax: 8, keyOrder: 'any', allowTrailing: true });
  const fields = result.ok ? asDict(result.value) : undefined;
  if (fields === undefined) return { kind: 'malformed' };
  if (fields.has('failure reason')) {
    return {
      kind: 'refused',
      reason: textOf(fields.get('failure reason')) || 'no reason given',
      retryAfterMs: retryAfter(fields.get('retry in')),
    };
  }
  if (!fields.has('peers') && !fields.has('peers6') && !fields.has('interval')) return { kind: 'malformed' };
  const trackerId = asBytes(fields.get('tracker id'));
  const external = asBytes(fields.get('external ip'));
  return {
    kind: 'answer',
    answer: {
      intervalMs: seconds(fields.get('interval')),
      minIntervalMs: seconds(fields.get('min interval')),
      peers: peersOf(fields),
      trackerId:
        trackerId !== undefined && trackerId.length <= TRACKER_ID_BYTES_MAX ? trackerId.slice() : undefined,
      warning: textOf(fields.get('warning message')) || undefined,
      complete: count(fields.get('complete')),
      incomplete: count(fields.get('incomplete')),
      externalAddress: external === undefined ? undefined : addressText(external),
    },
  };
}

function peersOf(fields: BencodeDict): readonly Endpoint[] {
  const peers: Endpoint[] = [];
  const compact = asBytes(fields.get('peers'));
  if (compact !== undefined) peers.push(...compactEndpoints(compact, 4, PEERS_MAX));
  for (const entry of asList(fields.get('peers')) ?? []) {
    if (peers.length === PEERS_MAX) break;
    const peer = dictionaryPeer(entry);
    if (peer !== undefined) peers.push(peer);
  }
  const compact6 = asBytes(fields.get('peers6'));
  if (compact6 !== undefined) peers.push(...compactEndpoints(compact6, 16, PEERS_MAX - peers.length));
  return peers;
}

/** BEP 3: `ip` and `port`; the peer id is of no use before the handshake tells it. */
function dictionaryPeer(entry: BencodeValue): Endpoint | undefined {
  const host = asText(asDict(entry)?.get('ip'));
  const port = asInteger(asDict(entry)?.get('port'));
  if (host === undefined || port === undefined || port < 1 || port > 65535) return undefined;
  return isLiteralAddress(host) ? { host, port } : undefined;
}

function seconds(value: BencodeValue | undefined): number | undefined {
  const number = asInteger(value);
  return number !== undefined && number > 0 ? number * 1000 : undefined;
}

function count(value: BencodeValue | undefined): number | undefined {
  const number = asInteger(value);
  return number !== undefined && number >= 0 ? number : undefined;
}

/** BEP 31: minutes, or `never`. */
function retryAfter(value: BencodeValue | undefined): number | undefined {
  const text = asText(value);
  if (text === 'never') return Number.POSITIVE_INFINITY;
  const minutes = text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) : asInteger(value);
  return minutes !== undefined && minutes > 0 ? minutes * 60_000 : undefined;
}

function textOf(value: BencodeValue | undefined): string {
  const bytes = asBytes(value);
  return bytes === undefined ? '' : plainText(bytes, TEXT_LENGTH_MAX);
}
