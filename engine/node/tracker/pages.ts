import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { AlliumError } from '../../codec/error.ts';
import type { TrackerPages } from './http-server.ts';
import type { MembershipStore } from './membership-store.ts';
import type { TrackerView } from './metrics.ts';
import { renderTrackerPage } from './page.ts';
import { STYLE } from './style.ts';

const BODY_BYTES_MAX = 1024;
/** Invitations that may be tried in a minute, by everybody together: they cannot be guessed, and need not be tried. */
export const JOINS_PER_MINUTE_MAX = 30;

const HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'Cache-Control': 'no-store',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

/** `GET /`: the page; `POST /join` of a private tracker: `{"invitation", "name"}` in, `{"passkey"}` out. */
export class Pages implements TrackerPages {
  readonly #view: () => TrackerView;
  readonly #members: MembershipStore | undefined;
  #joins = 0;
  #minute = 0;

  constructor(modules: { readonly view: () => TrackerView; readonly members: MembershipStore | undefined }) {
    this.#view = modules.view;
    this.#members = modules.members;
  }

  answer(request: IncomingMessage, response: ServerResponse): boolean {
    const path = (request.url ?? '').split('?')[0];
    if (path === '/' && request.method === 'GET') {
      const body = renderTrackerPage(this.#view(), this.#members !== undefined);
      send(response, 200, 'text/html', body);
      return true;
    }
    if (path !== '/join' || request.method !== 'POST' || this.#members === undefined) return false;
    if (!this.#mayTry()) send(response, 429, 'application/json', failure('try again in a minute'));
    else void this.#join(request, response, this.#members);
    return true;
  }

  async #join(request: IncomingMessage, response: ServerResponse, members: MembershipStore): Promise<void> {
    try {
      const { invitation, name } = await readFields(request);
      send(
        response,
        200,
        'application/json',
        JSON.stringify({ passkey: await members.join(invitation, name) }),
      );
    } catch (error) {
      const isTheirs = error instanceof AlliumError && error.code === 'BAD_USAGE';
      const reason = isTheirs ? `${error.message}. ${error.advice ?? ''}`.trim() : 'that did not work';
      if (!response.destroyed) send(response, isTheirs ? 400 : 500, 'application/json', failure(reason));
    }
  }

  #mayTry(): boolean {
    const minute = Math.floor(Date.now() / 60_000);
    if (minute !== this.#minute) {
      this.#minute = minute;
      this.#joins = 0;
    }
    return ++this.#joins <= JOINS_PER_MINUTE_MAX;
  }
}

const failure = (reason: string): string => JSON.stringify({ error: reason });

async function readFields(request: IncomingMessage): Promise<{ invitation: string; name: string }> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > BODY_BYTES_MAX) throw new AlliumError('BAD_USAGE', 'that is too long');
    parts.push(part);
  }
  let fields: unknown;
  try {
    fields = JSON.parse(Buffer.concat(parts).toString());
  } catch {
    fields = undefined;
  }
  const { invitation, name } = (fields ?? {}) as Record<string, unknown>;
  if (typeof invitation !== 'string' || typeof name !== 'string') {
    throw new AlliumError('BAD_USAGE', 'send {"invitation": "…", "name": "…"}');
  }
  return { invitation, name };
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, {
    ...HEADERS,
    'Content-Type': `${type}; charset=utf-8`,
    'Content-Length': Buffer.byteLength(body),
  });
  response.end(body);
}
