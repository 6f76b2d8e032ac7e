import { basename, dirname, join, resolve } from 'node:path';
import { Bitfield } from '../bittorrent/bitfield.ts';
import type { Metainfo } from '../bittorrent/metainfo/types.ts';
import { TORRENT_DEFAULTS, type TorrentOptions } from '../bittorrent/torrent/options.ts';
import { AlliumError } from '../codec/error.ts';
import type { Endpoint, FileSystem } from '../runtime/port.ts';
import { createEngine, type Engine } from './engine.ts';
import { loadTorrent } from './load-torrent.ts';
import type { ManagedTorrent } from './managed-torrent.ts';
import { Session } from './session.ts';

/** What `get` and `seed` have in common. */
export interface TransferOptions {
  readonly torrentFile: string;
  readonly listen: Endpoint;
  readonly peers: readonly Endpoint[];
  /** Peers served at once; Infinity: all. */
  readonly slots: number;
  readonly memoryBytes: number;
  /** Contact the trackers of the torrent. */
  readonly trackers: boolean;
}

/** One torrent with everything it runs on. */
export interface Transfer {
  readonly engine: Engine;
  readonly session: Session;
  readonly torrent: ManagedTorrent;
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
  const engine = createEngine({ slabBytes: options.memoryBytes });
  try {
    const metainfo = await loadTorrent(options.torrentFile, engine.runtime.files);
    const { root, trusted } = await place(metainfo, engine.runtime.files);
    if (!trusted) engine.hashes.warmUp();
    const done = deferred<void>();
    const failed = deferred<never>();
    failed.promise.catch(() => {}); // whoever is interested waits for it; nobody else is to be bothered
    const session = new Session(
      { listen: options.listen, trackers: options.trackers, torrentDefaults: torrentDefaults(options) },
      {
        ...engine,
        events: {
          onDone: () => done.resolve(),
          onState: (torrent) => {
            if (torrent.failure !== undefined) failed.reject(torrent.failure);
          },
        },
      },
    );
    const listening = await session.listen();
    const have = trusted ? Bitfield.full(metainfo.pieceCount) : undefined;
    const torrent = session.add({ metainfo, root, ...(have === undefined ? {} : { have }) });
    torrent.addPeers(options.peers);
    const close = async (): Promise<void> => {
      await session.close();
      await engine.close();
    };
    return { engine, session, torrent, listening, done: done.promise, failed: failed.promise, close };
  } catch (error) {
    await engine.close();
    throw error;
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
  return { choker: { ...TORRENT_DEFAULTS.choker, slots: options.slots } };
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
