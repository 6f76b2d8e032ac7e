import type { OnionAddress, StreamReason } from '../client/types.ts';
import { type HttpHead, readHttpHead } from '../directory/http-head.ts';
import { type WebAnswer, webAnswer } from './http-page.ts';
import { type Negotiation, type NegotiationStep, NOTHING, type ProxyFault } from './negotiation.ts';

/** First line and headers of a request. */
export const CONNECT_BYTES_MAX = 8192;
/** The longest method that is waited for before it is called no HTTP. */
const METHOD_BYTES_MAX = 20;
const ESTABLISHED = new TextEncoder().encode('HTTP/1.1 200 Connection established\r\n\r\n');

const ANSWERS: Readonly<Partial<Record<StreamReason, WebAnswer>>> = {
  resolveFailed: 'not-found',
  noRoute: 'not-found',
  'bad-name': 'not-found',
  connectRefused: 'forbidden',
  connectionReset: 'forbidden',
  exitPolicy: 'forbidden',
  'no-exit': 'forbidden',
  'private-answer': 'forbidden',
  timeout: 'timed-out',
  'no-circuit': 'unavailable',
  'too-many': 'unavailable',
  stopped: 'unavailable',
};

/**
 * A tunnel asked for by HTTP/1.1 CONNECT; RFC 9110, section 9.3.6. `Proxy-Authorization` and
 * `X-Tor-Stream-Isolation` (also without `X-`) keep streams apart and are looked at for nothing else.
 */
export class HttpConnectNegotiation implements Negotiation {
  readonly protocol = 'http-connect';

  take(bytes: Uint8Array): NegotiationStep {
    if (!looksLikeHttp(bytes)) return refused('not-proxy', NOTHING);
    const head = readHttpHead(bytes.subarray(0, CONNECT_BYTES_MAX));
    if (!head.ok) return refused('malformed', webAnswer('bad-request'));
    if (head.value !== 'more') return readTarget(head.value);
    if (bytes.length >= CONNECT_BYTES_MAX) return refused('too-long', webAnswer('too-long'));
    return { kind: 'more', used: 0, reply: NOTHING };
  }

  connected(): Uint8Array {
    return ESTABLISHED;
  }

  /** Nobody can ask for it here. */
  resolved(_address: OnionAddress): Uint8Array {
    return webAnswer('failed');
  }

  failed(reason: StreamReason): Uint8Array {
    return webAnswer(ANSWERS[reason] ?? 'failed');
  }
}

/** Whether it may be the start of a method: letters and a space. */
function looksLikeHttp(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at++) {
    const code = bytes[at]!;
    if (code === 0x20) return at > 0;
    if (code < 0x41 || code > 0x5a || at >= METHOD_BYTES_MAX) return false;
  }
  return true;
}

function readTarget(head: HttpHead): NegotiationStep {
  const line = /^([A-Z]+) (\S+) HTTP\/1\.[01]$/.exec(head.firstLine);
  if (line === null) return refused('malformed', webAnswer('bad-request'));
  if (line[1] !== 'CONNECT') return refused('http', webAnswer('connect-only'));
  const target = /^(?:\[([0-9A-Fa-f:.]{2,45})\]|([^\s:[\]/@]{1,255})):(\d{1,5})$/.exec(line[2]!);
  const host = target?.[1] ?? target?.[2];
  const port = Number(target?.[3]);
  if (host === undefined || !(port >= 1 && port <= 65_535)) {
    return refused('malformed', webAnswer('bad-request'));
  }
  const { headers } = head;
  const request = {
    command: 'connect',
    host,
    port,
    user: headers.get('proxy-authorization'),
    password: headers.get('x-tor-stream-isolation') ?? headers.get('tor-stream-isolation'),
  } as const;
  return { kind: 'request', used: head.byteLength, reply: NOTHING, request };
}

function refused(fault: ProxyFault, reply: Uint8Array): NegotiationStep {
  return { kind: 'refused', used: 0, reply, fault };
}
