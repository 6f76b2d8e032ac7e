import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Helpers } from './native.ts';
import type { PeersOptions } from './options.ts';
import { makeFile, makeTree, type Payload, warm } from './payload.ts';
import { ALLIUM } from './programs/allium.ts';
import { makeTorrent, type Torrent } from './torrents.ts';
import type { Calibration, Contest } from './types.ts';

const PIECE_BYTES = 1 << 20;
const TREE_PIECE_BYTES = 256 << 10;
const TINY_BYTES = 64 << 10;
/** A download is a quarter of the payload, so that four of its kind take as long as one that seeds. */
const DOWNLOAD_SHARE = 4;

/** What all sections share. */
export interface Context {
  readonly options: PeersOptions;
  readonly payloads: Payloads;
  /** Paths of sink and source, or why there are none. */
  readonly helpers: Helpers | string;
  /** A folder that is empty and will be removed. */
  readonly scratch: (name: string) => string;
  readonly calibrate: () => Promise<Calibration>;
  readonly say: (line: string) => void;
  /** Takes over a contest, finished or so far. */
  readonly keep: (contest: Contest) => void;
  /** Notes what was left out. */
  readonly skip: (sentence: string) => void;
}

/** Makes payloads and torrents when they are first asked for. */
export class Payloads {
  readonly #folder: string;
  readonly #sizeBytes: number;
  readonly #say: (line: string) => void;
  readonly #made = new Map<string, Payload>();

  constructor(folder: string, sizeBytes: number, say: (line: string) => void) {
    this.#folder = folder;
    this.#sizeBytes = sizeBytes;
    this.#say = say;
    mkdirSync(folder, { recursive: true });
  }

  /** The one large file. */
  get large(): Payload {
    return this.#file('large', this.#sizeBytes);
  }

  /** The file that is downloaded. */
  get download(): Payload {
    return this.#file('download', this.#sizeBytes / DOWNLOAD_SHARE);
  }

  /** 2,000 files. */
  get tree(): Payload {
    const totalBytes = this.#sizeBytes / DOWNLOAD_SHARE;
    return this.#once(`tree-${totalBytes}`, (name) => makeTree(this.#folder, name, totalBytes));
  }

  /** So little that all the time is start-up. */
  get tiny(): Payload {
    return this.#file('tiny', TINY_BYTES);
  }

  torrent(payload: Payload, version: Torrent['version']): Promise<Torrent> {
    const pieceLength = payload.files.length > 1 ? TREE_PIECE_BYTES : PIECE_BYTES;
    return makeTorrent(payload, version, pieceLength, ALLIUM);
  }

  #file(kind: string, totalBytes: number): Payload {
    return this.#once(`${kind}-${totalBytes}`, (name) => makeFile(this.#folder, name, totalBytes));
  }

  #once(name: string, make: (name: string) => Payload): Payload {
    const known = this.#made.get(name);
    if (known !== undefined) return known;
    this.#say(`payload ${name}`);
    const payload = make(name);
    warm(payload);
    this.#made.set(name, payload);
    return payload;
  }
}

/** Makes numbered empty folders below `root` and removes each when the next one is asked for under its name. */
export function scratchFolders(root: string): (name: string) => string {
  mkdirSync(root, { recursive: true });
  const last = new Map<string, string>();
  return (name) => {
    const old = last.get(name);
    if (old !== undefined) rmSync(old, { recursive: true, force: true });
    const folder = mkdtempSync(join(root, `${name.replaceAll(/\W+/g, '-')}-`));
    last.set(name, folder);
    return folder;
  };
}
