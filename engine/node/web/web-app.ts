import { type Context, Hono, type MiddlewareHandler } from 'hono';
import { AlliumError } from '../../codec/error.ts';
import type { Control } from '../control/control.ts';
import type { RemoteEnv, RemoteMount } from '../remote/mount.ts';
import { failureOf, runAction } from './actions.ts';
import {
  readActionRequest,
  readAddMagnet,
  readAddOptions,
  readCategory,
  readName,
  readOptions,
} from './api-schemas.ts';
import { type Asset, loadAssets } from './assets.ts';
import { DETAIL_FEED_DEFAULTS, DetailFeed, type DetailFeedOptions } from './detail-feed.ts';
import { LIST_FEED_DEFAULTS, ListFeed, type ListFeedOptions } from './list-feed.ts';
import { PAGE_HEADER } from './wire.ts';

export interface WebAppOptions {
  /** Shown on the page. */
  readonly version: string;
  /** Where the files of the page are. */
  readonly assets: URL;
  readonly list: Omit<ListFeedOptions, 'version'>;
  readonly detail: DetailFeedOptions;
}

export const WEB_APP_DEFAULTS: Omit<WebAppOptions, 'version' | 'assets'> = {
  list: LIST_FEED_DEFAULTS,
  detail: DETAIL_FEED_DEFAULTS,
};

/** Nothing from elsewhere, no script but ours, not inside of other pages. */
const HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

const EVENT_STREAM = { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' } as const;

/**
 * The page of a node, what it is pushed and what it may ask for, as routes for an HTTP server. That server decides who
 * may come in.
 */
export class WebApp {
  readonly app = new Hono<RemoteEnv>();
  readonly #control: Control;
  readonly #list: ListFeed;
  readonly #detail: DetailFeed;

  /** Throws the file system's error when the page is not built. */
  constructor(options: WebAppOptions, modules: { readonly control: Control; readonly now: () => number }) {
    const { version, list, detail } = options;
    this.#control = modules.control;
    const assets = loadAssets(options.assets);
    this.#list = new ListFeed({ ...list, version }, modules);
    this.#detail = new DetailFeed(detail, modules);
    this.app.use(addHeaders);
    for (const [path, asset] of assets) this.app.get(path, (context) => sendAsset(context, asset));
    this.#mountEvents();
    this.app.use('/api/*', onlyThePage);
    this.#mountTorrents();
    this.#mountSettings();
    this.app.onError((error, context) => context.json(failureOf(error), statusOf(error)));
  }

  /** All of it, below the root of the server. */
  get mount(): RemoteMount {
    return { path: '/', access: 'challenge', app: this.app };
  }

  /** Ends all streams. */
  close(): void {
    this.#list.close();
    this.#detail.close();
  }

  #mountEvents(): void {
    this.app.get('/events', (context) => {
      const since = Number(context.req.header('Last-Event-ID') ?? context.req.query('since') ?? 0);
      return stream(context, this.#list.open(Number.isSafeInteger(since) ? since : 0));
    });
    this.app.get('/events/torrents/:infoHash', (context) => {
      const infoHash = context.req.param('infoHash');
      // 204 tells an event source not to come back.
      if (this.#control.row(infoHash) === undefined) return context.body(null, 204);
      return stream(context, this.#detail.open(infoHash));
    });
  }

  #mountTorrents(): void {
    const control = this.#control;
    this.app.post('/api/torrents', async (context) => {
      if (context.req.header('Content-Type') === 'application/x-bittorrent') {
        const options = readAddOptions(parseJson(context.req.query('options') ?? '{}'));
        return withBody(context, async (torrentFile) => {
          const { row, isNew } = await control.add({ ...options, source: { torrentFile } });
          return { infoHash: row.infoHash, name: row.name, isNew };
        });
      }
      return withJson(context, async (value) => {
        const { magnet, options } = readAddMagnet(value);
        const { row, isNew } = await control.add({ ...options, source: { magnet } });
        return { infoHash: row.infoHash, name: row.name, isNew };
      });
    });
    this.app.post('/api/actions', (context) =>
      withJson(context, (value) => {
        const { infoHashes, action } = readActionRequest(value);
        return runAction(control, action, infoHashes);
      }),
    );
    this.app.get('/api/torrents/:infoHash/file', async (context) => {
      const infoHash = context.req.param('infoHash');
      const bytes = new Uint8Array(await control.torrentFile(infoHash));
      return context.body(bytes, 200, {
        'Content-Type': 'application/x-bittorrent',
        'Content-Disposition': `attachment; filename="${infoHash}.torrent"`,
      });
    });
  }

  #mountSettings(): void {
    const control = this.#control;
    this.app.patch('/api/options', (context) =>
      withJson(context, (value) => control.setOptions(readOptions(value))),
    );
    this.app.put('/api/categories', (context) =>
      withJson(context, (value) => {
        const category = readCategory(value);
        const known = control.categories.get(category.name);
        return control.setCategory({ seedLimits: known?.seedLimits ?? {}, ...category });
      }),
    );
    this.app.delete('/api/categories', (context) =>
      withJson(context, (value) => control.removeCategory(readName(value))),
    );
    this.app.delete('/api/tags', (context) =>
      withJson(context, (value) => control.removeTags([readName(value)])),
    );
    this.app.get('/api/space', async (context) => {
      return context.json(await control.freeSpace(context.req.query('path') ?? ''));
    });
  }
}

const addHeaders: MiddlewareHandler<RemoteEnv> = async (context, next) => {
  await next();
  for (const [name, value] of Object.entries(HEADERS)) context.res.headers.set(name, value);
};

/** A form of another page can be sent here by a browser, but not with a header of its own. */
const onlyThePage: MiddlewareHandler<RemoteEnv> = async (context, next) => {
  const isRead = context.req.method === 'GET' || context.req.method === 'HEAD';
  if (!isRead && context.req.header(PAGE_HEADER) === undefined) {
    const failure = { infoHash: '', code: 'NO_PERMISSION', message: `the header ${PAGE_HEADER} is missing` };
    return context.json({ ...failure, advice: 'Only the page of the node may ask for this.' }, 403);
  }
  return next();
};

/** Answers with what `use` makes of the body. */
function withBody(
  context: Context<RemoteEnv>,
  use: (bytes: Uint8Array) => Promise<unknown>,
): Promise<Response> {
  return context.get('remote').readBody(async (body) => {
    if ('bytes' in body) return context.json((await use(body.bytes)) ?? {});
    const message =
      body.status === 503 ? 'too much is being sent at once' : 'the request is too long or broke off';
    const advice = body.status === 413 ? 'Put it into the watch folder.' : 'Try again.';
    return context.json({ infoHash: '', code: 'BAD_USAGE', message, advice }, body.status);
  });
}

function withJson(context: Context<RemoteEnv>, use: (value: unknown) => Promise<unknown>): Promise<Response> {
  return withBody(context, async (bytes) => use(parseJson(Buffer.from(bytes).toString('utf8'))));
}

function stream(context: Context, body: ReadableStream<Uint8Array> | undefined): Response {
  if (body !== undefined) return context.body(body, 200, EVENT_STREAM);
  const message = 'too many pages are open';
  context.header('Retry-After', '10');
  return context.json({ infoHash: '', code: 'NO_PERMISSION', message, advice: 'Close some of them.' }, 503);
}

function sendAsset(context: Context, asset: Asset): Response {
  const headers = { ETag: asset.etag, 'Cache-Control': 'no-cache', Vary: 'Accept-Encoding' };
  if (context.req.header('If-None-Match') === asset.etag) return context.body(null, 304, headers);
  const isGzip = /\bgzip\b/.test(context.req.header('Accept-Encoding') ?? '');
  return context.body(isGzip ? asset.gzipped : asset.bytes, 200, {
    ...headers,
    ...(isGzip ? { 'Content-Encoding': 'gzip' } : {}),
    'Content-Type': asset.type,
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new AlliumError('BAD_USAGE', 'the request holds no JSON', { advice: 'Load the page again.' });
  }
}

function statusOf(error: Error): 400 | 404 | 500 | 507 {
  if (!(error instanceof AlliumError)) return 500;
  if (error.code === 'NOT_FOUND') return 404;
  if (error.code === 'NO_SPACE') return 507;
  return /^BAD_|^UNSAFE_/.test(error.code) ? 400 : 500;
}
