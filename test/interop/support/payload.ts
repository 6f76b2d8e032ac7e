import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { Libtorrent } from './libtorrent.ts';
import { scratchFolder } from './program.ts';

/** Lengths that fall on and beside the edges of blocks and pieces. */
const FILES: readonly (readonly [name: string, byteLength: number])[] = [
  ['a.bin', 1_000_003],
  ['b/one-byte.bin', 1],
  ['b/piece.bin', 65_536],
  ['c.bin', 3_333_333],
  ['empty.bin', 0],
];

/** Content with its torrent. */
export interface Payload {
  /** Holds the folder `payload`. */
  readonly root: string;
  readonly torrent: string;
  same(root: string): Promise<void>;
}

/** A folder of files with random bytes, and the torrent that libtorrent makes of it. */
export async function makePayload(kind: 'v1' | 'v2' | 'hybrid', tracker?: string): Promise<Payload> {
  const root = scratchFolder();
  const content = new Map<string, Buffer>();
  for (const [name, byteLength] of FILES) {
    const path = join(root, 'payload', name);
    await mkdir(join(path, '..'), { recursive: true });
    content.set(name, randomBytes(byteLength));
    await writeFile(path, content.get(name)!);
  }
  const torrent = join(root, 'payload.torrent');
  const libtorrent = await Libtorrent.start();
  const trackers = tracker === undefined ? [] : [tracker];
  await libtorrent.create({ path: join(root, 'payload'), out: torrent, kind, pieceBytes: 65_536, trackers });
  await libtorrent.stop();
  return {
    root,
    torrent,
    async same(other) {
      for (const [name, bytes] of content) {
        // Not every program creates a file that has no bytes to download.
        if (bytes.length === 0 && !existsSync(join(other, 'payload', name))) continue;
        assert.ok(bytes.equals(await readFile(join(other, 'payload', name))), `${name} has other bytes`);
      }
    },
  };
}
