import { dirname, join } from 'node:path';
import { Bitfield } from '../../../engine/bittorrent/bitfield.ts';
import { TORRENT_DEFAULTS, type TorrentOptions } from '../../../engine/bittorrent/torrent/options.ts';
import type { ExtensionPlug } from '../../../engine/bittorrent/torrent/plug.ts';
import { SHARD_DEFAULTS, Shard, type ShardOptions } from '../../../engine/bittorrent/torrent/shard.ts';
import type { Torrent, TorrentEvents } from '../../../engine/bittorrent/torrent/torrent.ts';
import { InlineHashService } from '../../../engine/kernels/hash-service.ts';
import { Slab } from '../../../engine/kernels/slab.ts';
import type { SimHost } from '../../../engine/runtime/sim/host.ts';
import type { MadeTorrent } from './make-torrent.ts';

/** A peer of this very engine on a virtual host. */
export interface SimPeer {
  readonly host: SimHost;
  readonly shard: Shard;
  readonly slab: Slab;
  readonly torrent: Torrent;
}

export const SIM_PORT = 6881;
export const SIM_ROOT = '/data';

/** Starts a peer; a seeder gets the files put on its disk first. */
export async function startSimPeer(
  host: SimHost,
  made: MadeTorrent,
  options: {
    readonly seeder?: boolean;
    readonly slots?: number;
    readonly slotCount?: number;
    readonly torrent?: Partial<TorrentOptions>;
    readonly shard?: Partial<ShardOptions>;
    readonly events?: TorrentEvents;
    readonly plugs?: readonly ExtensionPlug[];
  } = {},
): Promise<SimPeer> {
  const { runtime } = host;
  const slab = new Slab({ slotCount: options.slotCount ?? 512, threadCountMax: 1 });
  const hashes = new InlineHashService({}, { slab });
  const peerId = new Uint8Array(20).fill(65);
  peerId.set(runtime.random.bytes(12), 8);
  const shard = new Shard({ ...SHARD_DEFAULTS, ...options.shard, peerId }, { runtime, slab, hashes });
  if (options.seeder === true) await putContent(host, made);
  const torrent = shard.add(
    {
      ...TORRENT_DEFAULTS,
      choker: { ...TORRENT_DEFAULTS.choker, slots: options.slots ?? 4 },
      root: SIM_ROOT,
      listenPort: SIM_PORT,
      ...(options.seeder === true ? { have: Bitfield.full(made.metainfo.pieceCount) } : {}),
      ...options.torrent,
    },
    made.metainfo,
    options.events ?? {},
    options.plugs ?? [],
  );
  await shard.listen({ host: host.address, port: SIM_PORT });
  torrent.start();
  return { host, shard, slab, torrent };
}

/** Writes the files of a torrent to a virtual disk. */
export async function putContent(host: SimHost, made: MadeTorrent): Promise<void> {
  const { files } = host.runtime;
  for (const [path, bytes] of made.content) {
    const full = join(SIM_ROOT, path);
    await files.makeDirectory(dirname(full));
    await files.writeFile(full, bytes);
  }
}

/** Whether the files on a virtual disk are the torrent's, byte for byte. */
export async function hasContent(host: SimHost, made: MadeTorrent): Promise<boolean> {
  for (const [path, bytes] of made.content) {
    const found = await host.runtime.files.readFile(join(SIM_ROOT, path), bytes.length + 1);
    if (Buffer.compare(found, bytes) !== 0) return false;
  }
  return true;
}
