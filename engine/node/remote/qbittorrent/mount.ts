import { type Context, Hono } from 'hono';
import { AlliumError, type ErrorCode } from '../../../codec/error.ts';
import type { Control } from '../../control/control.ts';
import type { RemoteEnv, RemoteMount } from '../mount.ts';
import { bodyOf } from '../row-list.ts';
import type { NodeFacts } from '../transmission/call.ts';
import { sentenceOf } from '../values.ts';
import type { Call, Reply } from './call.ts';
import { GoneNames } from './gone-names.ts';
import { METHODS } from './methods.ts';
import { Params } from './params.ts';
import { signInApp } from './sign-in.ts';
import { SteadyParts } from './steady.ts';

const PATH = '/api/v2';
/** How long a figure of the disk is used again. */
const FREE_SPACE_MS = 5_000;
const GONE_NAMES_MAX = 1_000;

export interface QbittorrentModules {
  readonly control: Control;
  readonly facts: NodeFacts;
  /** Unix milliseconds. */
  readonly nowMs: () => number;
  /** Milliseconds, never going back. */
  readonly now: () => number;
  readonly shutDown: () => void;
}

/** qBittorrent's Web API v2 at `/api/v2`, and its sign-in, which is open to all. */
export function qbittorrentMounts(modules: QbittorrentModules): readonly RemoteMount[] {
  const { control } = modules;
  const categories = new GoneNames({ countMax: GONE_NAMES_MAX });
  const tags = new GoneNames({ countMax: GONE_NAMES_MAX });
  const base: Omit<Call, 'params'> = {
    control,
    facts: modules.facts,
    nowMs: modules.nowMs,
    shutDown: modules.shutDown,
    freeBytes: freeBytesOf(modules),
    steady: new SteadyParts(),
    gone: { categories: () => categories.seen(control.categories), tags: () => tags.seen(control.tags) },
  };
  // What is there at the start may be told by the first full answer.
  base.gone.categories();
  base.gone.tags();
  const app = new Hono<RemoteEnv>();
  app.all('*', (c) => answer(c, base));
  return [
    { path: `${PATH}/auth`, access: 'open', app: signInApp() },
    { path: PATH, access: 'forbid', app },
  ];
}

async function answer(c: Context<RemoteEnv>, base: Omit<Call, 'params'>): Promise<Response> {
  const method = METHODS.get(c.req.path.slice(PATH.length + 1));
  if (method === undefined) return c.text('There is no such method.', 404);
  const isPost = c.req.method === 'POST';
  if (!isPost && (method.changes || c.req.method !== 'GET')) {
    c.header('Allow', method.changes ? 'POST' : 'GET, POST');
    return c.text('This is asked for with POST.', 405);
  }
  return c.get('remote').readBody(async (body) => {
    if ('status' in body) return c.text('The request could not be read.', body.status);
    const query = c.req.url.includes('?') ? c.req.url.slice(c.req.url.indexOf('?') + 1) : '';
    const params = Params.read(query, c.req.header('Content-Type') ?? '', Buffer.from(body.bytes));
    if (params === undefined) return c.text('The form is broken.', 400);
    try {
      return write(c, await method.run({ ...base, params }));
    } catch (error) {
      if (!(error instanceof AlliumError)) throw error;
      return c.text(sentenceOf(error), statusOf(error.code));
    }
  });
}

function write(c: Context<RemoteEnv>, reply: Reply): Response {
  if ('text' in reply) return c.text(reply.text, reply.status ?? 200);
  if ('bytes' in reply) {
    c.header('Content-Type', reply.type);
    return c.body(new Uint8Array(reply.bytes));
  }
  c.header('Content-Type', 'application/json');
  return c.body(bodyOf(reply.json, reply.list));
}

function statusOf(code: ErrorCode): 400 | 403 | 404 | 409 {
  if (code === 'NOT_FOUND') return 404;
  if (code === 'NO_PERMISSION') return 403;
  return ['BAD_USAGE', 'BAD_TORRENT', 'BAD_BENCODE', 'UNSAFE_PATH'].includes(code) ? 400 : 409;
}

function freeBytesOf({ control, now }: QbittorrentModules): () => Promise<number> {
  let askedAtMs = Number.NEGATIVE_INFINITY;
  let answerSoFar: Promise<number> = Promise.resolve(0);
  return () => {
    if (now() - askedAtMs >= FREE_SPACE_MS) {
      askedAtMs = now();
      answerSoFar = control.freeSpace(control.options.downloadRoot).then(
        ({ freeBytes }) => freeBytes,
        () => 0,
      );
    }
    return answerSoFar;
  };
}
