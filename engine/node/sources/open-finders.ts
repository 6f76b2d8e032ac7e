import type { Endpoint, Runtime } from '../../runtime/port.ts';
import type { DhtFinder, LocalFinder } from './finders.ts';

export interface FinderSettings {
  readonly dht: boolean;
  /** Nodes to begin with. There are no built-in ones: without any, and without saved ones, there is no DHT. */
  readonly dhtBootstrap: readonly Endpoint[];
  /** Where the table of the DHT is kept between runs. */
  readonly dhtStatePath?: string;
  /** BEP 14. */
  readonly lsd: boolean;
}

export interface OpenFinders {
  readonly dht: DhtFinder | undefined;
  readonly dhtPort: number;
  readonly lsd: LocalFinder | undefined;
  /** Nodes in the tables of the DHT. */
  dhtNodeCount(): number;
  /** Saves, and lets go of the sockets. */
  close(): Promise<void>;
}

/**
 * Opens what a node finds peers with beside trackers, next to the port it listens on. What cannot be opened is reported
 * and left out: a torrent can do without.
 */
export async function openFinders(
  settings: FinderSettings,
  at: Endpoint,
  modules: { readonly runtime: Runtime; readonly report: (line: string) => void },
): Promise<OpenFinders> {
  const closers: (() => Promise<void>)[] = [];
  const attempt = async <T>(what: string, open: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await open();
    } catch (error) {
      modules.report(`no ${what}: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  };
  const hasSaved =
    settings.dhtStatePath !== undefined &&
    (await modules.runtime.files.stat(settings.dhtStatePath).catch(() => undefined)) !== undefined;
  const wantsDht = settings.dht && (settings.dhtBootstrap.length > 0 || hasSaved);
  const dht = wantsDht ? await attempt('DHT', () => openNodes(settings, at, modules.runtime)) : undefined;
  if (dht !== undefined) closers.push(() => dht.close());
  for (const { host, port } of dht?.unresolved ?? []) {
    modules.report(`the DHT node ${host}:${port} is not known by that name`);
  }
  const lsd = settings.lsd
    ? await attempt('local search', async () => {
        const { openLocalSearch } = await import('./open-local-search.ts');
        return openLocalSearch(at, modules.runtime);
      })
    : undefined;
  if (lsd !== undefined) closers.push(async () => lsd.close());
  return {
    dht: dht?.group,
    dhtPort: dht?.locals[0]?.port ?? 0,
    lsd,
    dhtNodeCount: () => dht?.group.nodes.reduce((sum, node) => sum + node.table.size, 0) ?? 0,
    close: async () => {
      for (const close of closers) await close();
    },
  };
}

async function openNodes(settings: FinderSettings, at: Endpoint, runtime: Runtime) {
  // Most downloads do without: what it takes to load it is saved.
  const { openDht } = await import('../dht/open-dht.ts');
  const hosts = at.host === '::' ? ['::', '0.0.0.0'] : [at.host === '' ? '0.0.0.0' : at.host];
  const { dhtBootstrap: bootstrap, dhtStatePath: statePath } = settings;
  const options = { hosts, bootstrap, statePath };
  try {
    return await openDht({ ...options, port: at.port }, { runtime });
  } catch {
    // The UDP port of that number is somebody else's: any other will do.
    return openDht({ ...options, port: 0 }, { runtime });
  }
}
