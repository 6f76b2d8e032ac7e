import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Bitfield } from '../../../engine/bittorrent/bitfield.ts';
import type { EncryptionMode } from '../../../engine/bittorrent/mse/types.ts';
import { TORRENT_DEFAULTS } from '../../../engine/bittorrent/torrent/options.ts';
import { SHARD_DEFAULTS, Shard } from '../../../engine/bittorrent/torrent/shard.ts';
import type { Torrent } from '../../../engine/bittorrent/torrent/torrent.ts';
import type { TransportName } from '../../../engine/bittorrent/transport/transport.ts';
import { InlineHashService } from '../../../engine/kernels/hash-service.ts';
import { Slab } from '../../../engine/kernels/slab.ts';
import { createTransports } from '../../../engine/node/transports.ts';
import type { Endpoint, Runtime } from '../../../engine/runtime/port.ts';
import { createRealRuntime } from '../../../engine/runtime/real/runtime.ts';
import type { MadeTorrent } from './make-torrent.ts';

/** A peer of this very engine on the loopback. */
export interface RealPeer {
  readonly runtime: Runtime;
  readonly shard: Shard;
  readonly slab: Slab;
  readonly torrent: Torrent;
  readonly root: string;
  readonly at: Endpoint;
  /** Closes everything and takes its files away. */
  close(): Promise<void>;
}

/** Starts a peer that listens; a seeder gets the files put on its disk first. */
export async function startRealPeer(
  made: MadeTorrent,
  options: {
    readonly seeder?: boolean;
    readonly encryption?: EncryptionMode;
    readonly transport?: TransportName;
  } = {},
): Promise<RealPeer> {
  const world = createRealRuntime();
  const transports = createTransports({ names: [options.transport ?? 'tcp'] }, { runtime: world });
  const runtime: Runtime = { ...world, network: transports.network };
  const slab = new Slab({ slotCount: 2048, threadCountMax: 1 });
  const hashes = new InlineHashService({}, { slab });
  const peerId = new Uint8Array(20).fill(65);
  peerId.set(runtime.random.bytes(12), 8);
  const { encryption = 'off' } = options;
  const shard = new Shard(
    { ...SHARD_DEFAULTS, encryption, peerId },
    { runtime, slab, hashes, transports: transports.list },
  );
  const root = mkdtempSync(join(tmpdir(), 'allium-peer-'));
  if (options.seeder === true) {
    for (const [path, bytes] of made.content) {
      await runtime.files.makeDirectory(join(root, path, '..'));
      await runtime.files.writeFile(join(root, path), bytes);
    }
  }
  const have = options.seeder === true ? { have: Bitfield.full(made.metainfo.pieceCount) } : {};
  const torrent = shard.add({ ...TORRENT_DEFAULTS, root, ...have }, made.metainfo, {});
  const at = await shard.listen({ host: '127.0.0.1', port: 0 });
  torrent.start();
  return {
    ...{ runtime, shard, slab, torrent, root, at },
    async close() {
      await shard.close();
      transports.close();
      rmSync(root, { recursive: true, force: true });
    },
  };
}
