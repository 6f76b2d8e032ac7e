import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseMetainfo } from '../../engine/bittorrent/metainfo/parse.ts';
import type { MetainfoVersion } from '../../engine/bittorrent/metainfo/types.ts';
import { runCommand } from '../support/command.ts';
import { lastLines } from '../support/daemon.ts';
import type { Payload } from './payload.ts';

/** A torrent file with the payload it was made from. */
export interface Torrent {
  readonly path: string;
  readonly version: MetainfoVersion;
  readonly payload: Payload;
  readonly infoHash: string;
  readonly pieceCount: number;
  readonly pieceLength: number;
}

/** Nobody listens there. rTorrent does not take a torrent without a tracker. */
const TRACKER = 'http://127.0.0.1:9/announce';

/** Makes the torrent with Allium's own command; the rivals check it with every byte they verify. */
export async function makeTorrent(
  payload: Payload,
  version: MetainfoVersion,
  pieceLength: number,
  allium: readonly string[],
): Promise<Torrent> {
  const path = join(payload.folder, `${payload.name}.${version}.torrent`);
  if (!existsSync(path)) {
    const words = [...allium, 'create', payload.path, `--${version}`, '--piece-length', String(pieceLength)];
    const made = await runCommand(process.execPath, [...words, '-t', TRACKER, '--no-date', '-o', path]);
    if (made.code !== 0) throw new Error(`cannot make ${path}: ${lastLines(made.output)}`);
  }
  const metainfo = parseMetainfo(readFileSync(path));
  const hash = metainfo.infoHashV1 ?? metainfo.infoHashV2?.subarray(0, 20) ?? new Uint8Array(0);
  return {
    path,
    version,
    payload,
    infoHash: Buffer.from(hash).toString('hex'),
    pieceCount: metainfo.pieceCount,
    pieceLength,
  };
}
