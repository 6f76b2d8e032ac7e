/**
 * Serves many torrents at once from one shard, as a seedbox does, without looking at their data: what it costs to have
 * many of them active instead of one.
 *
 *   node many-seeder.js PORT TORRENTS PIECES PIECE-LENGTH FILE HASHES
 *
 * All torrents have the same content, FILE, under names of their own; their info-hashes are written to HASHES.
 */
import { createHash } from 'node:crypto';
import { linkSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bitfield } from '../../engine/bittorrent/bitfield.ts';
import { parseMetainfo } from '../../engine/bittorrent/metainfo/parse.ts';
import { TORRENT_DEFAULTS } from '../../engine/bittorrent/torrent/options.ts';
import { encodeBencode } from '../../engine/codec/bencode.ts';
import { createEngine } from '../../engine/node/engine.ts';

const [port, torrents, pieces, pieceLength] = process.argv.slice(2, 6).map(Number) as [
  number,
  number,
  number,
  number,
];
const [file = '', hashesPath = ''] = process.argv.slice(6);
const root = `${hashesPath}.links`;
mkdirSync(root, { recursive: true });

const engine = createEngine({ threadCount: 1, encryption: 'off', transports: ['tcp'] });
const choker = { ...TORRENT_DEFAULTS.choker, slots: Number.POSITIVE_INFINITY };
const hashes: Uint8Array[] = [];
for (let index = 0; index < torrents; index += 1) {
  const name = `torrent-${index}`;
  linkSync(file, join(root, name));
  const info = {
    length: pieces * pieceLength,
    name,
    'piece length': pieceLength,
    // Nobody checks them here.
    pieces: Buffer.alloc(pieces * 20, createHash('sha1').update(name).digest()),
  };
  const metainfo = parseMetainfo(encodeBencode({ info }));
  const options = { ...TORRENT_DEFAULTS, choker, peersMax: 1000, root, have: Bitfield.full(pieces) };
  const torrent = engine.shard.add(options, metainfo, {});
  torrent.start();
  hashes.push(metainfo.infoHashV1!);
}
writeFileSync(hashesPath, Buffer.concat(hashes));
await engine.shard.listen({ host: '127.0.0.1', port });
process.stdout.write('READY\n');
