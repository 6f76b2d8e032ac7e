import { Hono } from 'hono';
import { type Credential, makeCredential } from '../../../../engine/node/remote/guard/password.ts';
import type { RemoteEnv, RemoteMount } from '../../../../engine/node/remote/mount.ts';
import { REMOTE_DEFAULTS, type RemoteOptions } from '../../../../engine/node/remote/options.ts';
import { qbittorrentMounts } from '../../../../engine/node/remote/qbittorrent/mount.ts';
import { RemoteServer } from '../../../../engine/node/remote/server.ts';
import { transmissionMount } from '../../../../engine/node/remote/transmission/mount.ts';
import { FakeControl } from '../../control/fake-control.ts';

/** A server with both remote controls over a fake node, on a free port of loopback. */
export interface RemoteScene {
  readonly control: FakeControl;
  readonly server: RemoteServer;
  readonly faults: unknown[];
  /** How often the node was told to end. */
  readonly ends: () => number;
  /** Moves the clock of the server. */
  readonly wait: (ms: number) => void;
  /** A request to the server: `path` begins with a slash. */
  readonly ask: (path: string, init?: RequestInit) => Promise<Response>;
  readonly close: () => Promise<void>;
}

export const USER = 'operator';
export const PASSWORD = 'correct horse';

export async function remoteScene(
  options: {
    readonly control?: FakeControl;
    readonly withPassword?: boolean;
    readonly remote?: Partial<RemoteOptions>;
    readonly mounts?: readonly RemoteMount[];
  } = {},
): Promise<RemoteScene> {
  const control = options.control ?? new FakeControl();
  const faults: unknown[] = [];
  const onFault = (error: unknown): void => void faults.push(error);
  let clockMs = 1_000_000;
  let ends = 0;
  const now = (): number => clockMs;
  const nowMs = (): number => 1_762_000_000_000 + clockMs;
  const facts = { stateFolder: '/state', dht: true, pex: true, lsd: false, encryption: 'prefer' } as const;
  const shutDown = (): void => void ends++;
  const modules = { control, facts, now, nowMs, shutDown, onFault };
  const credential: Credential | undefined =
    options.withPassword === true ? await makeCredential(USER, PASSWORD) : undefined;
  const server = await RemoteServer.start(
    { ...REMOTE_DEFAULTS, host: '127.0.0.1', port: 0, ...options.remote },
    {
      mounts: [transmissionMount(modules), ...qbittorrentMounts(modules), ...(options.mounts ?? [])],
      credential,
      now,
      onFault,
    },
  );
  return {
    control,
    server,
    faults,
    ends: () => ends,
    wait: (ms) => {
      clockMs += ms;
    },
    ask: (path, init) => fetch(`http://127.0.0.1:${server.port}${path}`, { redirect: 'manual', ...init }),
    close: () => server.close(),
  };
}

/** A mount that says what it was asked, for tests of the server itself. */
export function echoMount(path: string, access: RemoteMount['access']): RemoteMount {
  const app = new Hono<RemoteEnv>();
  app.all('*', (c) =>
    c.get('remote').readBody(async (body) => {
      if ('status' in body) return c.text('no', body.status);
      return c.text(`${c.req.method} ${c.req.path} ${body.bytes.length}`);
    }),
  );
  return { path, access, app };
}
