import type { Daemon } from '../../support/daemon.ts';
import type { Torrent } from '../torrents.ts';
import type { Run, Side } from '../types.ts';

/** What every program in a contest has. */
export interface Contestant {
  readonly name: string;
  readonly side: Side;
  readonly setting: string;
}

/** What one run of a program cost; the section adds bytes and noise. */
export type Cost = Pick<Run, 'seconds' | 'cpuSeconds' | 'peakBytes'>;

/** Checks a torrent's data. Rejects when it does not find all of it right. */
export interface Verifier extends Contestant {
  readonly versions: readonly Torrent['version'][];
  /** The clock runs from the start of the program, so its start-up is to be told apart. */
  readonly startupIncluded: boolean;
  /** A setting that is only good for many files, and not run on one. */
  readonly manyFilesOnly?: boolean;
  verify(torrent: Torrent, scratch: string): Promise<Cost>;
}

/** Makes a torrent file. */
export interface Creator extends Contestant {
  readonly versions: readonly Torrent['version'][];
  create(path: string, version: Torrent['version'], pieceLength: number, out: string): Promise<Cost>;
}

/** Serves a torrent on 127.0.0.1:port until stopped. */
export interface Seeder extends Contestant {
  start(torrent: Torrent, port: number, scratch: string): Promise<Daemon>;
}

/** A download under way. */
export interface Download {
  readonly daemon: Daemon;
  /** When everything was verified, on the clock of `performance.now()`. */
  readonly done: Promise<number>;
}

/** Downloads a torrent from whoever connects to 127.0.0.1:port. */
export interface Leecher extends Contestant {
  /** Resolves when it listens and wants data. */
  start(torrent: Torrent, port: number, folder: string, scratch: string): Promise<Download>;
}
