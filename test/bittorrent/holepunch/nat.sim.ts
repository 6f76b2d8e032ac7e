/**
 * Aim: two peers behind NATs that let nobody in meet through a third one that both can reach (BEP 55): with NATs that
 * keep ports and with NATs that change them. Through one that does not speak it they do not.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Bitfield } from '../../../engine/bittorrent/bitfield.ts';
import { TORRENT_DEFAULTS } from '../../../engine/bittorrent/torrent/options.ts';
import { SHARD_DEFAULTS, Shard } from '../../../engine/bittorrent/torrent/shard.ts';
import type { Torrent } from '../../../engine/bittorrent/torrent/torrent.ts';
import type { TransportName } from '../../../engine/bittorrent/transport/transport.ts';
import { PexExchange } from '../../../engine/discovery/pex/exchange.ts';
import { InlineHashService } from '../../../engine/kernels/hash-service.ts';
import { Slab } from '../../../engine/kernels/slab.ts';
import { createTransports, type Transports } from '../../../engine/node/transports.ts';
import { SimWorld } from '../../../engine/runtime/sim/world.ts';
import { type MadeTorrent, makeTorrent } from '../support/make-torrent.ts';
import { putContent, SIM_PORT, SIM_ROOT } from '../support/sim-peer.ts';
import { behindNat } from './support/nat.ts';

const test = suite('hole punching');
const RELAY = { host: '20.0.0.1', port: SIM_PORT };

interface Side {
  readonly shard: Shard;
  readonly torrent: Torrent;
  readonly transports: Transports;
}

interface SideOptions {
  readonly address: string;
  readonly transports: readonly TransportName[];
  /** Behind a NAT that shifts ports by so much. */
  readonly nat?: number;
  /** It hears of nobody: two that call each other at the same time would meet by luck. */
  readonly isSeeder?: boolean;
  readonly downBytesPerSec?: number;
  readonly onDone?: () => void;
}

async function start(world: SimWorld, made: MadeTorrent, options: SideOptions): Promise<Side> {
  const { address, downBytesPerSec = 10e6 } = options;
  const host = world.host({ address, downBytesPerSec });
  const { network } = host.runtime;
  const outer = {
    ...host.runtime,
    network: options.nat === undefined ? network : behindNat(network, options.nat),
  };
  const transports = createTransports({ names: options.transports }, { runtime: outer });
  const runtime = { ...outer, network: transports.network };
  const slab = new Slab({ slotCount: 256, threadCountMax: 1 });
  const hashes = new InlineHashService({}, { slab });
  const peerId = runtime.random.bytes(20);
  const shard = new Shard(
    { ...SHARD_DEFAULTS, peerId },
    { runtime, slab, hashes, transports: transports.list },
  );
  if (options.isSeeder === true) await putContent(host, made);
  const pex = new PexExchange({
    clock: runtime.clock,
    onPeers: (peers, via) => {
      const found = peers.map(({ endpoint }) => endpoint);
      if (options.isSeeder !== true) torrent.addCandidates(found, via);
    },
  });
  const torrent: Torrent = shard.add(
    {
      ...TORRENT_DEFAULTS,
      root: SIM_ROOT,
      listenPort: SIM_PORT,
      ...(options.isSeeder === true ? { have: Bitfield.full(made.metainfo.pieceCount) } : {}),
    },
    made.metainfo,
    { onDone: () => options.onDone?.() },
    [pex],
  );
  await shard.listen({ host: options.address, port: SIM_PORT });
  torrent.start();
  return { shard, torrent, transports };
}

/** The relay is slow: it has next to nothing to give, and what the leecher gets, it gets from the seeder. */
async function meet(options: {
  readonly seed: number;
  readonly nat: number;
  readonly peers: readonly TransportName[];
  readonly relay: readonly TransportName[];
  readonly made?: MadeTorrent;
}) {
  const world = new SimWorld({ seed: options.seed });
  const made = options.made ?? makeTorrent({ name: 'nat', pieceLength: 32_768, fileBytes: [3_000_001] });
  const sides: Side[] = [];
  let isDone = false;
  const boot = async (): Promise<void> => {
    const relay = await start(world, made, {
      address: RELAY.host,
      transports: options.relay,
      downBytesPerSec: 10_000,
    });
    const common = { nat: options.nat, transports: options.peers };
    const seeder = await start(world, made, { ...common, address: '30.0.0.1', isSeeder: true });
    const leecher = await start(world, made, {
      ...common,
      address: '40.0.0.1',
      onDone: () => {
        isDone = true;
      },
    });
    sides.push(relay, seeder, leecher);
    for (const side of [seeder, leecher]) side.torrent.addCandidates([RELAY]);
  };
  void boot();
  await world.run({ forMs: 120_000, until: () => isDone });
  const stats = sides.map(({ torrent }) => torrent.punch?.stats);
  for (const { shard, transports } of sides) {
    void shard.close();
    transports.close();
  }
  await world.run({ forMs: 10_000 });
  return { isDone, stats };
}

for (const [seed, nat, peers] of [
  [1, 0, ['tcp', 'utp']],
  [2, 0, ['utp']],
  [3, 10_000, ['utp']],
] as const) {
  test(`NATs that shift ports by ${nat}, peers by ${peers.join(' and ')}, seed ${seed}`, async () => {
    const { isDone, stats } = await meet({ seed, nat, peers, relay: ['tcp', 'utp'] });
    assert.ok(isDone, JSON.stringify(stats));
    const [relay, seeder, leecher] = stats;
    assert.equal(
      [relay!.relayed, seeder!.asked, leecher!.asked, seeder!.called, leecher!.called],
      [1, 0, 1, 1, 1],
      JSON.stringify(stats),
    );
  });
}

test('a relay that does not speak it is not asked: they do not meet', async () => {
  const { isDone, stats } = await meet({ seed: 4, nat: 0, peers: ['tcp', 'utp'], relay: ['tcp'] });
  assert.not.ok(isDone);
  assert.is(stats[0], undefined);
  assert.is(stats[1]!.asked + stats[2]!.asked, 0);
});

test.run();
