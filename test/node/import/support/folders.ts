import { mkdirSync, mkdtempSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseMetainfo } from '../../../../engine/bittorrent/metainfo/parse.ts';
import type { Metainfo } from '../../../../engine/bittorrent/metainfo/types.ts';
import { type BencodeInput, encodeBencode } from '../../../../engine/codec/bencode.ts';
import { hex } from '../../../../engine/codec/hex.ts';
import { type ImportLine, importAll, type PlannedTorrent } from '../../../../engine/node/import/plan.ts';
import { findSource } from '../../../../engine/node/import/read-source.ts';
import type { PathMapping } from '../../../../engine/node/import/source-paths.ts';
import {
  contentOf,
  type MadeTorrent,
  makeTorrent,
} from '../../../bittorrent/metainfo/support/make-torrent.ts';

export const PIECE_BYTES = 16_384;
/** When the files were last changed, Unix seconds. */
export const CHANGED_SEC = 1_700_000_000;

/** 5 pieces; the third is shared by both files. */
export const MADE: MadeTorrent = {
  version: 'v1',
  name: 'album',
  pieceLength: PIECE_BYTES,
  files: [
    { path: ['a.bin'], byteLength: 40_000, seed: 1 },
    { path: ['sub', 'b.bin'], byteLength: 40_000, seed: 2 },
  ],
};

export interface Place {
  readonly folder: string;
  /** Where the content is saved below. */
  readonly data: string;
  readonly metainfo: Metainfo;
  readonly torrentFile: Uint8Array;
  readonly infoHash: string;
  write(path: string, content: BencodeInput | Buffer): void;
}

/** A folder with the content of a torrent in it. */
export function makePlace(made: MadeTorrent = MADE): Place {
  const folder = mkdtempSync(join(tmpdir(), 'allium-import-'));
  const data = join(folder, 'data');
  for (const file of made.files) {
    const path = join(data, made.name, ...file.path);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, contentOf(file));
    utimesSync(path, CHANGED_SEC, CHANGED_SEC);
  }
  const torrentFile = makeTorrent(made);
  const metainfo = parseMetainfo(torrentFile);
  return {
    folder,
    data,
    metainfo,
    torrentFile,
    infoHash: hex(metainfo.infoHashV1 ?? metainfo.infoHashV2!),
    write(path, content) {
      const whole = join(folder, path);
      mkdirSync(dirname(whole), { recursive: true });
      writeFileSync(whole, Buffer.isBuffer(content) ? content : encodeBencode(content));
    },
  };
}

export interface Outcome {
  readonly lines: readonly ImportLine[];
  readonly planned: readonly PlannedTorrent[];
}

export async function importFolder(folder: string, mappings: readonly PathMapping[] = []): Promise<Outcome> {
  const lines: ImportLine[] = [];
  const planned: PlannedTorrent[] = [];
  await importAll(
    { source: findSource(folder), mappings, onLine: (line) => lines.push(line) },
    { target: { has: () => false, take: async (torrent) => void planned.push(torrent) } },
  );
  return { lines, planned };
}

/** A state folder of each program that says that all of the torrent is there. */
export const WRITERS: Readonly<Record<string, (place: Place) => void>> = {
  qbittorrent: ({ write, infoHash, torrentFile, data }) => {
    write(`BT_backup/${infoHash}.torrent`, Buffer.from(torrentFile));
    write(`BT_backup/${infoHash}.fastresume`, {
      pieces: Buffer.alloc(5, 1),
      save_path: data,
      'qBt-tags': ['x'],
    });
  },
  transmission: ({ write, torrentFile, data }) => {
    write('torrents/album.0011.torrent', Buffer.from(torrentFile));
    const progress = { blocks: 'all', pieces: 'all', mtimes: [CHANGED_SEC, CHANGED_SEC] };
    write('resume/album.0011.resume', { destination: data, progress, name: 'album' });
  },
  rtorrent: ({ write, infoHash, torrentFile, data }) => {
    const base = `${infoHash.toUpperCase()}.torrent`;
    write(base, Buffer.from(torrentFile));
    write(`${base}.rtorrent`, { directory: join(data, 'album'), state: 1, custom1: 'a%20label' });
    const files = [{ mtime: CHANGED_SEC }, { mtime: CHANGED_SEC }];
    write(`${base}.libtorrent_resume`, { bitfield: 5, files });
  },
  deluge: ({ write, infoHash, torrentFile, data }) => {
    write(`state/${infoHash}.torrent`, Buffer.from(torrentFile));
    write('state/torrents.state', delugePickle(infoHash, data));
    const resume = encodeBencode({ pieces: Buffer.alloc(5, 1) });
    write('state/torrents.fastresume', { [infoHash]: resume });
  },
};

/** What Python writes (protocol 2) of a state with one torrent that has an id and a place. */
function delugePickle(infoHash: string, data: string): Buffer {
  const text = (value: string): Buffer => {
    const bytes = Buffer.from(value);
    const head = Buffer.from([0x58, 0, 0, 0, 0]);
    head.writeUInt32LE(bytes.length, 1);
    return Buffer.concat([head, bytes]);
  };
  const instance = (name: string): Buffer =>
    Buffer.from(`cdeluge.core.torrentmanager\n${name}\n)\x81`, 'latin1');
  const attributes = [text('torrent_id'), text(infoHash), text('save_path'), text(data)];
  return Buffer.concat([
    Buffer.from([0x80, 2]),
    instance('TorrentManagerState'),
    Buffer.from('}('),
    text('torrents'),
    Buffer.from(']'),
    instance('TorrentState'),
    Buffer.from('}('),
    ...attributes,
    Buffer.from('ubaub.'),
  ]);
}
