import http from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';
import { AlliumError } from '../../codec/error.ts';
import type { HttpRequest, HttpResponse } from '../port.ts';
import { errorCode } from './endpoint.ts';

/** RFC 9110 leaves the number open; trackers that move need one. */
const REDIRECTS_MAX = 3;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * One HTTP(S) exchange on a connection of its own. Follows up to three redirects, never from https to http and
 * to no other scheme. `timeoutMs` bounds the whole, `maxBytes` the answer's body. `dial` makes the connection, TLS
 * included, where it is not to be one of the system's.
 */
export async function requestHttp(request: HttpRequest, dial?: (url: URL) => Duplex): Promise<HttpResponse> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), request.timeoutMs);
  const giveUp = (): void => abort.abort();
  if (request.signal?.aborted === true) giveUp();
  request.signal?.addEventListener('abort', giveUp, { once: true });
  try {
    let url = parseUrl(request.url);
    for (let redirects = 0; ; redirects++) {
      const answer = await exchange(url, request, abort.signal, dial);
      // What was posted is not posted again elsewhere unasked.
      if (answer.location === undefined || request.method === 'POST') return answer.response;
      if (redirects === REDIRECTS_MAX) throw failed(url, `more than ${REDIRECTS_MAX} redirects`);
      url = redirected(url, answer.location);
    }
  } finally {
    clearTimeout(timer);
    request.signal?.removeEventListener('abort', giveUp);
  }
}

interface Answer {
  readonly response: HttpResponse;
  readonly location: string | undefined;
}

function exchange(
  url: URL,
  request: HttpRequest,
  signal: AbortSignal,
  dial: ((url: URL) => Duplex) | undefined,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? https.request : http.request;
    const outgoing = send(url, {
      method: request.method ?? 'GET',
      headers: { ...request.headers, ...lengthHeader(request.body) },
      // A connection of its own: no pool that outlives the exchange.
      ...(dial === undefined ? { agent: false } : { createConnection: () => dial(url) }),
      signal,
    });
    const fail = (error: unknown): void => {
      const isGivenUp = request.signal?.aborted === true;
      const late = isGivenUp ? 'it was given up' : `no answer within ${request.timeoutMs} ms`;
      const reason = signal.aborted ? late : describe(error);
      reject(error instanceof AlliumError ? error : failed(url, reason, error));
    };
    outgoing.on('error', fail);
    outgoing.on('response', (incoming) => {
      collect(url, incoming, request.maxBytes).then(resolve, (error: unknown) => {
        fail(error);
        outgoing.destroy();
      });
    });
    outgoing.end(request.body);
  });
}

async function collect(url: URL, incoming: http.IncomingMessage, maxBytes: number): Promise<Answer> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of incoming as AsyncIterable<Uint8Array>) {
    length += part.length;
    if (length > maxBytes) throw failed(url, `the answer is longer than ${maxBytes} bytes`);
    parts.push(part);
  }
  const status = incoming.statusCode ?? 0;
  const location = REDIRECTS.has(status) ? incoming.headers.location : undefined;
  const contentRange = incoming.headers['content-range'];
  const body = Buffer.concat(parts);
  return { response: { status, body, ...(contentRange === undefined ? {} : { contentRange }) }, location };
}

function parseUrl(text: string): URL {
  if (/^https?:/i.test(text) && URL.canParse(text)) return new URL(text);
  throw new AlliumError('NETWORK_FAILED', `not an http or https address: ${text}`, {
    details: { url: text },
  });
}

function redirected(from: URL, location: string): URL {
  const to = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  if (to?.protocol === from.protocol || to?.protocol === 'https:') return to;
  throw failed(from, 'it redirects to an address that is not allowed');
}

function lengthHeader(body: Uint8Array | undefined): Record<string, string> {
  return body === undefined ? {} : { 'content-length': String(body.length) };
}

function describe(error: unknown): string {
  return errorCode(error) || (error instanceof Error ? error.message : String(error));
}

function failed(url: URL, reason: string, cause?: unknown): AlliumError {
  return new AlliumError('NETWORK_FAILED', `request to ${url.host} failed: ${reason}`, {
    details: { host: url.host },
    ...(cause === undefined ? {} : { cause }),
  });
}
