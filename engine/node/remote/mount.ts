import type { HttpBindings } from '@hono/node-server';
import type { Hono } from 'hono';
import type { ReadBody } from './body.ts';
import type { Access } from './guard/access.ts';

/** What a mount is told of a request beside the request itself: `c.get('remote')`. */
export interface RemoteRequest {
  /** Of whoever has connected; a proxy in front has the one of its own. */
  readonly address: string;
  /** The token of the session cookie; empty without one. */
  readonly token: string;
  readonly access: Access;
  /** Reads the body within the bounds of the server; they count until `use` is done. */
  readBody<T>(use: (body: ReadBody) => Promise<T>): Promise<T>;
}

/** Of every hono application that is mounted. */
export type RemoteEnv = {
  Bindings: HttpBindings;
  Variables: { remote: RemoteRequest };
};

/** Something that answers below a path of the server. */
export interface RemoteMount {
  /** Such as `/transmission`; `/` is asked last. */
  readonly path: string;
  /** Where a password is asked for: not here; with a challenge (401), which browsers answer; or plainly (403). */
  readonly access: 'open' | 'challenge' | 'forbid';
  readonly app: Hono<RemoteEnv>;
}

/** The cookie that carries the token of a sign-in: the name that tools for qBittorrent look for. */
export const SESSION_COOKIE = 'SID';

/** The mount that answers for `path`: the one with the longest path that it begins with. */
export function mountOf(mounts: readonly RemoteMount[], path: string): RemoteMount | undefined {
  let found: RemoteMount | undefined;
  for (const mount of mounts) {
    const isBelow = mount.path === '/' || path === mount.path || path.startsWith(`${mount.path}/`);
    if (isBelow && (found === undefined || mount.path.length > found.path.length)) found = mount;
  }
  return found;
}
