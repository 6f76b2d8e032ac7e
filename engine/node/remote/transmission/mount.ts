import { randomBytes } from 'node:crypto';
import { Hono } from 'hono';
import type { Control } from '../../control/control.ts';
import { isSameText } from '../guard/password.ts';
import type { RemoteEnv, RemoteMount } from '../mount.ts';
import { bodyOf } from '../row-list.ts';
import type { NodeFacts } from './call.ts';
import { answerBody, type CallBase } from './protocol.ts';
import { RecentRevisions } from './recent.ts';
import { RPC_SEMVER } from './session-get.ts';

/** `transmission-remote` asks for the second. */
const PATHS = ['/rpc', '/rpc/'];
const SESSION_HEADER = 'X-Transmission-Session-Id';

export interface TransmissionModules {
  readonly control: Control;
  readonly facts: NodeFacts;
  /** Unix milliseconds. */
  readonly nowMs: () => number;
  /** Milliseconds, never going back. */
  readonly now: () => number;
  readonly shutDown: () => void;
  readonly onFault: (error: unknown) => void;
}

/** Transmission's remote control at `/transmission/rpc`, in its old form and as JSON-RPC 2.0. */
export function transmissionMount(modules: TransmissionModules): RemoteMount {
  const { control, nowMs, onFault } = modules;
  const sessionId = randomBytes(24).toString('base64url');
  const recent = new RecentRevisions();
  let revision = control.changes(0).revision;
  recent.note(modules.now(), revision);
  const base: CallBase = {
    control,
    facts: modules.facts,
    sessionId,
    nowMs,
    shutDown: modules.shutDown,
    recentSince: () => {
      revision = control.changes(revision).revision;
      recent.note(modules.now(), revision);
      return recent.since(modules.now());
    },
  };
  const app = new Hono<RemoteEnv>();
  app.on('POST', PATHS, async (c) => {
    // A page from elsewhere cannot send this header: it is what keeps such pages from asking.
    if (!isSameText(c.req.header(SESSION_HEADER) ?? '', sessionId)) {
      c.header(SESSION_HEADER, sessionId);
      c.header('X-Transmission-Rpc-Version', RPC_SEMVER);
      return c.text(`Ask again with the header ${SESSION_HEADER} of this answer.\n`, 409);
    }
    return c.get('remote').readBody(async (body) => {
      if ('status' in body) return c.text('The request could not be read.\n', body.status);
      const answer = await answerBody(Buffer.from(body.bytes).toString('utf8'), base, onFault);
      if (answer === undefined) return c.body(null, 204);
      c.header('Content-Type', 'application/json; charset=UTF-8');
      return c.body(bodyOf(answer.body, answer.list));
    });
  });
  app.on(['GET', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'], PATHS, (c) => {
    c.header('Allow', 'POST');
    c.header(SESSION_HEADER, sessionId);
    return c.text('Requests are sent with POST.\n', c.req.method === 'GET' ? 409 : 405);
  });
  // Where people have the page of Transmission in their bookmarks.
  app.get('/', (c) => c.redirect('/'));
  app.get('/web/*', (c) => c.redirect('/'));
  return { path: '/transmission', access: 'challenge', app };
}
