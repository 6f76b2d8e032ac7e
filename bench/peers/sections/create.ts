import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseMetainfo } from '../../../engine/bittorrent/metainfo/parse.ts';
import type { Metainfo } from '../../../engine/bittorrent/metainfo/types.ts';
import { findLibtorrentPython, findProgram } from '../../support/programs.ts';
import { median } from '../../support/statistics.ts';
import type { Context } from '../context.ts';
import { alliumCreator } from '../programs/allium.ts';
import { libtorrentCreator } from '../programs/libtorrent.ts';
import { mktorrentCreator } from '../programs/mktorrent.ts';
import type { Creator } from '../programs/program.ts';
import type { Entry } from '../rounds.ts';
import { wanted } from '../select.ts';
import type { Torrent } from '../torrents.ts';
import { measure, underCeiling } from './verify.ts';

const STARTUP_TRIES = 3;

/** Making a torrent of one large file out of the page cache. The hashes made are compared with the torrent's. */
export async function runCreate(context: Context): Promise<void> {
  const python = findLibtorrentPython();
  const mktorrent = findProgram('mktorrent');
  const programs = wanted(
    [
      alliumCreator,
      ...(mktorrent === undefined ? [] : [mktorrentCreator(mktorrent)]),
      ...(python === undefined ? [] : [libtorrentCreator(python)]),
    ],
    context.options,
  );
  const payload = context.payloads.large;
  for (const version of ['v1', 'v2', 'hybrid'] as const) {
    const torrent = await context.payloads.torrent(payload, version);
    const entries: Entry[] = [];
    for (const program of programs.filter((each) => each.versions.includes(version))) {
      entries.push(await entryOf(program, torrent, context));
    }
    const facts = {
      ...{ id: `create.${version}`, section: 'create' as const, payloadBytes: payload.totalBytes },
      title: `Create, one file, ${version}`,
      about: 'One file in the page cache, a torrent with pieces of 1 MiB.',
    };
    await underCeiling(facts, entries, version, context);
  }
}

async function entryOf(program: Creator, torrent: Torrent, context: Context): Promise<Entry> {
  const { payload, version, pieceLength } = torrent;
  const out = (): string => join(context.scratch(program.name), 'made.torrent');
  const wantedHashes = hashesOf(parseMetainfo(readFileSync(torrent.path)));
  const seconds: number[] = [];
  for (let round = 0; round < STARTUP_TRIES; round += 1) {
    const { path } = context.payloads.tiny;
    seconds.push((await program.create(path, version, pieceLength, out())).seconds);
  }
  return {
    ...{ contestant: program, checked: true, startupSeconds: median(seconds) },
    run: async () => {
      const made = out();
      const run = await measure(payload.totalBytes, () =>
        program.create(payload.path, version, pieceLength, made),
      );
      if (hashesOf(parseMetainfo(readFileSync(made))) !== wantedHashes) throw new Error('made other hashes');
      return run;
    },
  };
}

/** What is hashed over the content, without the parts of a torrent that may well differ. */
function hashesOf(metainfo: Metainfo): string {
  const roots = metainfo.files.map((file) => Buffer.from(file.piecesRoot ?? []).toString('hex'));
  return [Buffer.from(metainfo.pieces).toString('hex'), ...roots].join();
}
