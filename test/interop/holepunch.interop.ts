/**
 * Aim: hole punching (BEP 55) with libtorrent. It introduces two of ours that let nobody in; and one of ours introduces a
 * libtorrent that takes no calls, which then calls itself. All of it on 127.0.0.1.
 */
import * as assert from 'uvu/assert';
import { Bitfield } from '../../engine/bittorrent/bitfield.ts';
import { TORRENT_DEFAULTS } from '../../engine/bittorrent/torrent/options.ts';
import type { Torrent } from '../../engine/bittorrent/torrent/torrent.ts';
import { createEngine, type Engine } from '../../engine/node/engine.ts';
import { loadTorrent } from '../../engine/node/load-torrent.ts';
import { createRealRuntime } from '../../engine/runtime/real/runtime.ts';
import { behindNat } from '../bittorrent/holepunch/support/nat.ts';
import { Libtorrent } from './support/libtorrent.ts';
import { makePayload, type Payload } from './support/payload.ts';
import { interopSuite } from './support/peers.ts';
import { freePort, scratchFolder, until } from './support/program.ts';
import { proves } from './support/proves.ts';

const HOST = '127.0.0.1';
const UTP_ONLY = {
  enable_outgoing_tcp: false,
  enable_incoming_tcp: false,
  enable_outgoing_utp: true,
  enable_incoming_utp: true,
};

const punching = interopSuite('hole punching with libtorrent', ['libtorrent'], { atOnce: 2 });

interface Side {
  readonly engine: Engine;
  readonly torrent: Torrent;
  readonly at: { readonly host: string; readonly port: number };
}

async function allium(
  payload: Payload,
  options: { readonly isSeeder?: boolean; readonly isBehindNat?: boolean },
): Promise<Side> {
  const real = createRealRuntime();
  const runtime = options.isBehindNat === true ? { ...real, network: behindNat(real.network) } : real;
  const engine = createEngine(
    { transports: ['utp'], slabBytes: 16 * 1024 * 1024, threadCount: 1, encryption: 'off' },
    { runtime },
  );
  const metainfo = await loadTorrent(payload.torrent, engine.runtime.files);
  const port = await freePort();
  const have = options.isSeeder === true ? { have: Bitfield.full(metainfo.pieceCount) } : {};
  const root = options.isSeeder === true ? payload.root : scratchFolder();
  const torrent = engine.shard.add({ ...TORRENT_DEFAULTS, root, listenPort: port, ...have }, metainfo, {});
  await engine.shard.listen({ host: HOST, port });
  torrent.start();
  return { engine, torrent, at: { host: HOST, port } };
}

/** Whether it is connected with what is there. */
function hasPeer({ torrent }: Side, at: { readonly port: number }): boolean {
  return [...torrent.peers.values()].some(
    ({ connection }) => connection.ready && connection.remote.port === at.port,
  );
}

punching(
  proves('libtorrent introduces two that let nobody in', ['hole punching: they introduce us', 'libtorrent']),
  async () => {
    const payload = await makePayload('v1');
    const relay = await Libtorrent.start(UTP_ONLY);
    await relay.add({ torrent: payload.torrent, folder: scratchFolder(), downloadLimit: 1_000 });
    const relayAt = { host: HOST, port: relay.port };
    const seeder = await allium(payload, { isSeeder: true, isBehindNat: true });
    const leecher = await allium(payload, { isBehindNat: true });
    for (const side of [seeder, leecher]) side.torrent.addCandidates([relayAt]);
    await until('both know libtorrent', () => hasPeer(seeder, relayAt) && hasPeer(leecher, relayAt));
    leecher.torrent.addCandidates([seeder.at], relayAt);
    await until('they have met', () => hasPeer(leecher, seeder.at));
    assert.is(leecher.torrent.punch!.stats.asked, 1);
    assert.ok(leecher.torrent.punch!.stats.called >= 1 && seeder.torrent.punch!.stats.called >= 1);
    await until('it has all pieces', () => leecher.torrent.have.isFull);
    await Promise.all([seeder.engine.close(), leecher.engine.close(), relay.stop()]);
  },
);

punching(
  proves('Allium introduces a libtorrent that takes no calls', [
    'hole punching: we introduce them',
    'libtorrent',
  ]),
  async () => {
    const payload = await makePayload('v1');
    const target = await Libtorrent.start({ ...UTP_ONLY, enable_incoming_utp: false });
    const folder = scratchFolder();
    await target.add({ torrent: payload.torrent, folder });
    const relay = await allium(payload, {});
    const seeder = await allium(payload, { isSeeder: true });
    // The relay gets nothing while they have not met: with everything it would be of no more use to the seeder.
    seeder.torrent.limits.set({ downLimit: 0, upLimit: 20_000 });
    await target.connect(relay.at.port);
    await until('the relay knows libtorrent', () => relay.torrent.peers.size === 1);
    const [first] = relay.torrent.peers.values();
    const targetAt = first!.connection.remote;
    seeder.torrent.addCandidates([relay.at]);
    await until('the relay knows both', () => relay.torrent.peers.size === 2);
    seeder.torrent.addCandidates([targetAt], relay.at);
    await until('libtorrent has called', () => hasPeer(seeder, targetAt));
    assert.is(relay.torrent.punch!.stats.relayed, 1);
    seeder.torrent.limits.set({ downLimit: 0, upLimit: 0 });
    await target.complete();
    await payload.same(folder);
    await Promise.all([relay.engine.close(), seeder.engine.close(), target.stop()]);
  },
);

punching.run();
