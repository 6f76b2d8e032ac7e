import { basename, dirname, join, resolve } from 'node:path';
import { Bitfield } from '../bittorrent/bitfield.ts';
import { isMagnetLink, parseMagnet } from '../bittorrent/magnet/parse.ts';
import type { FileSpan, Magnet } from '../bittorrent/magnet/types.ts';
import type { Metainfo } from '../bittorrent/metainfo/types.ts';
import type { EncryptionMode } from '../bittorrent/mse/types.ts';
import { TORRENT_DEFAULTS, type TorrentOptions } from '../bittorrent/torrent/options.ts';
import { AlliumError } from '../codec/error.ts';
import type { Endpoint, FileSystem } from '../runtime/port.ts';
import { createEngine, type Engine } from './engine.ts';
import { loadTorrent } from './load-torrent.ts';
import type { ManagedTorrent } from './managed-torrent.ts';
import { type NetSettings, openWorld } from './net/world.ts';
import { Session } from './session.ts';
import { resolveKeyLink } from './sources/key-links.ts';
import type { FoundMagnet, MagnetSearch } from './sources/magnet-search.ts';
import { type FinderSettings, type OpenFinders, openFinders } from './sources/open-finders.ts';
import type { SourceSettings } from './sources/source-rules.ts';

/** What `get` and `seed` have in common. */
export interface TransferOptions {
  /** A torrent file, or a magnet link. */
  readonly torrent: string;
  readonly listen: Endpoint;
  readonly peers: readonly Endpoint[];
  /** Peers served at once; Infinity: all. */
  readonly slots: number;
  readonly memoryBytes: number;
  /** Event loops that send to peers. */
  readonly shards?: number;
  /** Where peers may come from. */
  readonly sources: SourceSettings;
  readonly finders: FinderSettings;
  /** BEP 16: as the first seeder of a new torrent, show few pieces to each peer, so that all of it is soon out. */
  readonly superSeed?: boolean;
  readonly encryption: EncryptionMode;
  /** By which ways others are reached. */
  readonly net: NetSettings;
  /** Hears what the user should know while it runs. */
  readonly report: (line: string) => void;
  /** Gives up the search for the metadata of a magnet link. */
  readonly signal?: AbortSignal;
  /** The metadata of a magnet link is being looked for. Called once. */
  readonly onSearch?: (search: MagnetSearch) => void;
}

/** One torrent with everything it runs on. */
export interface Transfer {
  readonly engine: Engine;
  readonly session: Session;
  readonly torrent: ManagedTorrent;
  /** BEP 53: the files that a magnet link asks for. */
  readonly files: readonly FileSpan[] | undefined;
  /** Port 0: nowhere. */
  readonly listening: Endpoint;
  /** Every piece is verified and written. */
  readonly done: Promise<void>;
  /** Rejects when the torrent cannot go on: the disk is full, say. */
  readonly failed: Promise<never>;
  close(): Promise<void>;
}

/**
 * Makes ready to transfer one torrent saved below `root`. `trusted` takes all its data as verified; the transfer is
 * not started.
 */
export async function openTransfer(
  options: TransferOptions,
  place: (metainfo: Metainfo, files: FileSystem) => Promise<{ root: string; trusted: boolean }>,
): Promise<Transfer> {
  const { report, encryption } = options;
  const world = await openWorld(options.net, { report });
  const engine = createEngine(
    { slabBytes: options.memoryBytes, encryption, transports: world.transports, shards: options.shards ?? 1 },
    world,
  );
  const closers = [() => world.close(), () => engine.close()];
  const close = async (): Promise<void> => {
    for (const part of closers.splice(0).reverse()) await part();
  };
  try {
    const done = deferred<void>();
    const failed = deferred<never>();
    failed.promise.catch(() => {}); // whoever is interested waits for it; nobody else is to be bothered
    const link = isMagnetLink(options.torrent) ? parseMagnet(options.torrent) : undefined;
    const { files } = engine.runtime;
    // A file that cannot be read is told before anything is opened.
    const loaded = link === undefined ? await loadTorrent(options.torrent, files) : undefined;
    const finders: { open?: OpenFinders } = {};
    const session = new Session(
      { listen: options.listen, sources: options.sources, torrentDefaults: torrentDefaults(options) },
      {
        ...engine,
        finders: () => finders.open ?? {},
        events: {
          onDone: () => done.resolve(),
          onState: (torrent) => {
            if (torrent.failure !== undefined) failed.reject(torrent.failure);
          },
        },
      },
    );
    closers.push(() => session.close());
    const listening = world.mayListen ? await session.listen() : { host: '', port: 0 };
    const opened = await openFinders(options.finders, listening, { runtime: engine.runtime, report });
    finders.open = opened;
    closers.push(() => opened.close());
    const { clock } = engine.runtime;
    const modules = { dht: opened.dht, clock };
    const magnet = link === undefined ? undefined : await resolveKeyLink(link, modules, options.signal);
    const found = magnet === undefined ? undefined : await findMetadata(session, magnet, options);
    const metainfo = loaded ?? found!.metainfo;
    const { root, trusted } = await place(metainfo, files);
    if (!trusted) engine.hashes.warmUp();
    const have = trusted ? Bitfield.full(metainfo.pieceCount) : undefined;
    const torrent = session.add({ metainfo, root, ...(have === undefined ? {} : { have }) });
    torrent.addPeers([...options.peers, ...(found?.candidates ?? [])]);
    const [whenDone, whenFailed] = [done.promise, failed.promise];
    return {
      ...{ engine, session, torrent, listening, done: whenDone, failed: whenFailed, close },
      files: magnet?.files,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function findMetadata(
  session: Session,
  magnet: Magnet,
  options: TransferOptions,
): Promise<FoundMagnet> {
  const search = session.search(magnet);
  search.addPeers(options.peers);
  options.onSearch?.(search);
  const cancel = (): void => void search.cancel();
  if (options.signal?.aborted === true) cancel();
  options.signal?.addEventListener('abort', cancel, { once: true });
  try {
    return await search.found;
  } finally {
    options.signal?.removeEventListener('abort', cancel);
  }
}

/** Where the data of a torrent lies that the user pointed at: the data itself or the folder it is in. */
export async function findData(path: string, metainfo: Metainfo, files: FileSystem): Promise<string> {
  const full = resolve(path);
  if ((await files.stat(join(full, metainfo.name))) !== undefined) return full;
  if (basename(full) === metainfo.name && (await files.stat(full)) !== undefined) return dirname(full);
  throw new AlliumError('NOT_FOUND', `there is no “${metainfo.name}” at ${path}`, {
    advice: 'Give the file or folder the torrent was made from, or the folder that it is in.',
    details: { path },
  });
}

function torrentDefaults(options: TransferOptions): Partial<TorrentOptions> {
  return {
    choker: { ...TORRENT_DEFAULTS.choker, slots: options.slots },
    superSeed: options.superSeed ?? false,
  };
}

/** A promise to be settled from outside. */
function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (error: Error) => void } {
  let resolve: (value: T) => void = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<T>((fulfil, fail) => {
    resolve = fulfil;
    reject = fail;
  });
  return { promise, resolve, reject };
}
