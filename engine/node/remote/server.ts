import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { getCookie } from 'hono/cookie';
import { bindError } from '../../runtime/real/network-error.ts';
import { Bodies } from './body.ts';
import { Access, type SignIn } from './guard/access.ts';
import { type RequestOrigin, refusalOf } from './guard/origin.ts';
import type { Credential } from './guard/password.ts';
import { mountOf, type RemoteEnv, type RemoteMount, SESSION_COOKIE } from './mount.ts';
import type { RemoteOptions } from './options.ts';

export interface RemoteModules {
  readonly mounts: readonly RemoteMount[];
  /** Undefined: nobody is asked for a password. */
  readonly credential: Credential | undefined;
  /** Milliseconds, never going back. */
  readonly now: () => number;
  /** Hears of faults of this program. */
  readonly onFault: (error: unknown) => void;
}

/** On every answer that does not say otherwise. */
const HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cache-Control': 'no-store',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
};

/** The HTTP server that remote controls, page and metrics share: it guards, the mounts answer. */
export class RemoteServer {
  readonly port: number;
  private readonly host: string;
  private readonly server: Server;

  private constructor(server: Server, host: string, port: number) {
    this.server = server;
    this.host = host;
    this.port = port;
  }

  /** Rejects with ADDRESS_IN_USE, NO_PERMISSION or NETWORK_FAILED. */
  static async start(options: RemoteOptions, modules: RemoteModules): Promise<RemoteServer> {
    const { host, port } = options;
    const server = createServer({
      headersTimeout: options.headersTimeoutMs,
      requestTimeout: options.requestTimeoutMs,
      keepAliveTimeout: options.keepAliveMs,
      connectionsCheckingInterval: Math.min(5_000, options.headersTimeoutMs),
    });
    server.maxConnections = options.connectionsMax;
    const app = createApp(options, modules);
    server.on('request', getRequestListener(app.fetch, { overrideGlobalObjects: false }));
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(bindError(error, { host, port })));
      server.listen(port, host, resolve);
    });
    server.on('error', modules.onFault);
    return new RemoteServer(server, host, (server.address() as AddressInfo).port);
  }

  get url(): string {
    const everywhere = this.host === '0.0.0.0' || this.host === '::';
    const name = everywhere ? '127.0.0.1' : this.host;
    return `http://${name.includes(':') ? `[${name}]` : name}:${this.port}/`;
  }

  /** Answers that are under way are cut off. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.server.closeAllConnections();
    await closed;
  }
}

function createApp(options: RemoteOptions, modules: RemoteModules): Hono<RemoteEnv> {
  const names = new Set(options.names.map((name) => name.toLowerCase()));
  const access = new Access(options, modules);
  const bodies = new Bodies(options);
  const app = new Hono<RemoteEnv>();
  app.use('*', async (c, next) => {
    const refusal = refusalOf(originOf(c), names);
    const denial =
      refusal === undefined
        ? await deny(c, { access, bodies, options, modules })
        : c.text(`${refusal.message}\n`, refusal.status);
    if (denial === undefined) await next();
    else c.res = denial;
    for (const [name, value] of Object.entries(HEADERS)) {
      if (!c.res.headers.has(name)) c.header(name, value);
    }
  });
  for (const mount of [...modules.mounts].sort((a, b) => b.path.length - a.path.length)) {
    app.route(mount.path, mount.app);
  }
  app.notFound((c) => c.text('There is nothing here.\n', 404));
  app.onError((error, c) => {
    modules.onFault(error);
    return c.text('This is a fault of the node; its log says more.\n', 500);
  });
  return app;
}

/** What the request is turned away with; undefined: it may go on. */
async function deny(
  c: Context<RemoteEnv>,
  parts: {
    readonly access: Access;
    readonly bodies: Bodies;
    readonly options: RemoteOptions;
    readonly modules: RemoteModules;
  },
): Promise<Response | undefined> {
  const { access, bodies, options, modules } = parts;
  const mount = mountOf(modules.mounts, c.req.path);
  if (mount === undefined) return c.text('There is nothing here.\n', 404);
  const address = c.env.incoming.socket.remoteAddress ?? '';
  const token = getCookie(c, SESSION_COOKIE) ?? '';
  c.set('remote', { address, token, access, readBody: (use) => bodies.read(c.req.raw, use) });
  if (access.isOn && mount.access !== 'open' && !(token !== '' && access.hasSession(token))) {
    const header = c.req.header('Authorization') ?? '';
    const signIn = header === '' ? undefined : await access.signInBasic(address, header);
    if (signIn?.outcome !== 'right') return unauthorized(c, mount, signIn);
  }
  if (Number(c.req.header('Content-Length') ?? 0) > options.bodyBytesMax) {
    return c.text('The request is too long.\n', 413);
  }
  return undefined;
}

function unauthorized(c: Context, mount: RemoteMount, signIn: SignIn | undefined): Response {
  if (signIn?.outcome === 'wait') {
    c.header('Retry-After', String(Math.ceil(signIn.waitMs / 1000)));
    return c.text('Too many wrong passwords: wait, then try again.\n', mount.access === 'forbid' ? 403 : 429);
  }
  if (mount.access === 'forbid') return c.text('Forbidden\n', 403);
  c.header('WWW-Authenticate', 'Basic realm="Allium", charset="UTF-8"');
  return c.text('User and password are needed.\n', 401);
}

function originOf(c: Context<RemoteEnv>): RequestOrigin {
  const header = (name: string): string => c.req.header(name) ?? '';
  return {
    method: c.req.method,
    host: header('Host'),
    origin: header('Origin'),
    referer: header('Referer'),
    fetchSite: header('Sec-Fetch-Site'),
    fetchMode: header('Sec-Fetch-Mode'),
  };
}
