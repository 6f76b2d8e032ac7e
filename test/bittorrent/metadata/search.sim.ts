// Aim: from a hash and one peer, the metadata of every version of torrent is fetched, checked and complete, also when
// peers refuse, lie about its length or its bytes, or stay silent; and nothing is left of the search afterwards.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  METADATA_SEARCH_DEFAULTS,
  MetadataSearch,
  type MetadataSearchOptions,
} from '../../../engine/bittorrent/metadata/search.ts';
import { encodeMetainfo } from '../../../engine/bittorrent/metainfo/encode.ts';
import { parseMetainfo } from '../../../engine/bittorrent/metainfo/parse.ts';
import type { Metainfo } from '../../../engine/bittorrent/metainfo/types.ts';
import { SHARD_DEFAULTS, Shard } from '../../../engine/bittorrent/torrent/shard.ts';
import { encodeBencode } from '../../../engine/codec/bencode.ts';
import { InlineHashService } from '../../../engine/kernels/hash-service.ts';
import { Slab } from '../../../engine/kernels/slab.ts';
import type { Endpoint } from '../../../engine/runtime/port.ts';
import { SimWorld } from '../../../engine/runtime/sim/world.ts';
import { type MadeTorrent, makeTorrent } from '../support/make-torrent.ts';
import { SIM_PORT, startSimPeer } from '../support/sim-peer.ts';
import { FakeMetadataPeer } from './support/fake-peer.ts';

const test = suite('metadata search');

interface Scene {
  readonly world: SimWorld;
  readonly search: MetadataSearch;
  readonly shard: Shard;
  readonly slab: Slab;
  found: Metainfo | undefined;
  candidates: readonly Endpoint[];
  error: unknown;
}

function scene(
  made: MadeTorrent,
  hashes: { readonly v1?: boolean; readonly v2?: boolean },
  more: Partial<MetadataSearchOptions> = {},
): Scene {
  const world = new SimWorld({ seed: 1 });
  const { runtime } = world.host({ address: '10.0.0.1' });
  const slab = new Slab({ slotCount: 64, threadCountMax: 1 });
  const peerId = new Uint8Array(20).fill(66);
  const shard = new Shard(
    { ...SHARD_DEFAULTS, peerId },
    { runtime, slab, hashes: new InlineHashService({}, { slab }) },
  );
  const { infoHashV1, infoHashV2 } = made.metainfo;
  const magnet = {
    infoHashV1: hashes.v1 === true ? infoHashV1 : undefined,
    infoHashV2: hashes.v2 === true ? infoHashV2 : undefined,
    trackers: ['http://t.example/a', 'http://t.example/b'],
    webSeeds: [],
  };
  const self: Partial<Scene> = { world, shard, slab, candidates: [] };
  const search = shard.host(
    (seat) =>
      new MetadataSearch(
        { ...METADATA_SEARCH_DEFAULTS, magnet, ...more },
        {
          ...seat,
          onFound: (metainfo, candidates) => Object.assign(self, { found: metainfo, candidates }),
          onError: (error) => Object.assign(self, { error }),
        },
      ),
  );
  search.start();
  return Object.assign(self, { search }) as Scene;
}

async function seeder(world: SimWorld, made: MadeTorrent, address: string): Promise<Endpoint> {
  let started = false;
  void startSimPeer(world.host({ address }), made, { seeder: true }).then(() => (started = true));
  await world.run({ until: () => started });
  return { host: address, port: SIM_PORT };
}

/** Long enough for an info dictionary of several parts. */
const big = (version: 'v1' | 'v2' | 'hybrid'): MadeTorrent =>
  makeTorrent({ name: 'm', pieceLength: 16_384, fileBytes: [16_384 * 1200, 1, 50_000], version });

for (const [version, hashes] of [
  ['v1', { v1: true }],
  ['v2', { v2: true }],
  ['hybrid', { v1: true, v2: true }],
  ['hybrid', { v2: true }],
] as const) {
  test(`${version} by ${Object.keys(hashes).join(' and ')}: everything from one peer`, async () => {
    const made = big(version);
    const it = scene(made, hashes);
    const peer = await seeder(it.world, made, '10.0.0.2');
    it.search.addCandidates([peer]);
    await it.world.run({ untilMs: 60_000, until: () => it.found !== undefined });
    const found = it.found!;
    assert.equal(found.rawInfo, made.metainfo.rawInfo);
    assert.equal([...found.pieceLayers], [...made.metainfo.pieceLayers]);
    assert.equal(found.trackers, [['http://t.example/a'], ['http://t.example/b']]);
    assert.equal(it.candidates[0], peer);
    const again = parseMetainfo(encodeMetainfo(found));
    assert.equal(again.infoHashV1, made.metainfo.infoHashV1);
    assert.equal(again.infoHashV2, made.metainfo.infoHashV2);
    assert.ok(it.search.isStopped);
    void it.shard.remove(it.search);
    await it.world.run({ forMs: 2000 });
    assert.is(it.shard.connectionCount, 0);
    it.slab.assertAllReturned();
  });
}

test('a hybrid by its v1 hash alone does without the hashes of BEP 52', async () => {
  const made = big('hybrid');
  const it = scene(made, { v1: true }, { hybridLayersMs: 3_000 });
  it.search.addCandidates([await seeder(it.world, made, '10.0.0.2')]);
  await it.world.run({ untilMs: 60_000, until: () => it.found !== undefined });
  assert.is(it.found!.version, 'hybrid');
  // The file that goes to the store is one that can be read again.
  assert.equal(parseMetainfo(encodeMetainfo(it.found!)).infoHashV2, made.metainfo.infoHashV2);
});

test('peers that lie about the bytes are found out and banned; the rest goes on', async () => {
  const made = big('v1');
  const it = scene(made, { v1: true });
  const { rawInfo } = made.metainfo;
  const spoilt = rawInfo.slice();
  spoilt[spoilt.length - 5]! ^= 1;
  const liar = new FakeMetadataPeer(it.world, '10.0.0.66', { info: spoilt });
  const honest = await seeder(it.world, made, '10.0.0.2');
  await liar.listen(it.world);
  it.search.addCandidates([liar.at, honest]);
  await it.world.run({ untilMs: 120_000, until: () => it.found !== undefined });
  assert.equal(it.found?.rawInfo, rawInfo);
  assert.ok(liar.asked > 0, 'it had its chance');
});

test('a peer that claims another length, one that refuses and one that is silent hold nothing up', async () => {
  const made = big('v1');
  const it = scene(made, { v1: true });
  const others = [
    new FakeMetadataPeer(it.world, '10.0.0.11', { info: new Uint8Array(1000) }),
    new FakeMetadataPeer(it.world, '10.0.0.12', { info: made.metainfo.rawInfo, refuse: true }),
    new FakeMetadataPeer(it.world, '10.0.0.13', { info: made.metainfo.rawInfo, silent: true }),
  ];
  for (const other of others) await other.listen(it.world);
  it.search.addCandidates(others.map(({ at }) => at));
  await it.world.run({ forMs: 3000 });
  assert.is(it.found, undefined);
  it.search.addCandidates([await seeder(it.world, made, '10.0.0.2')]);
  await it.world.run({ untilMs: 120_000, until: () => it.found !== undefined });
  assert.equal(it.found?.rawInfo, made.metainfo.rawInfo);
  for (const other of others) assert.ok(other.asked > 0);
  assert.ok(it.world.nowMs < 60_000, `took ${it.world.nowMs} ms`);
});

test('the right info dictionary that is no valid torrent ends the search with the reason', async () => {
  const info = encodeBencode({ name: 'x', 'piece length': 16_384, pieces: new Uint8Array(20), length: -1 });
  const { createHash } = await import('node:crypto');
  const infoHashV1 = new Uint8Array(createHash('sha1').update(info).digest());
  const made = { ...big('v1'), metainfo: { ...big('v1').metainfo, infoHashV1 } };
  const it = scene(made, { v1: true });
  const peer = new FakeMetadataPeer(it.world, '10.0.0.3', { info, infoHash: infoHashV1 });
  await peer.listen(it.world);
  it.search.addCandidates([peer.at]);
  await it.world.run({ untilMs: 30_000, until: () => it.error !== undefined });
  assert.match(String(it.error), /length/);
  assert.ok(it.search.isStopped);
});

test('metadata is handed out three times and a little to one peer, not more', async () => {
  const made = big('v1');
  const world = new SimWorld({ seed: 5 });
  const at = await seeder(world, made, '10.0.0.2');
  const parts = Math.ceil(made.metainfo.rawInfo.length / 16_384);
  const greedy = new FakeMetadataPeer(world, '10.0.0.9', { info: made.metainfo.rawInfo });
  greedy.dial(world, at, made.metainfo.infoHashV1!);
  await world.run({ forMs: 1000 });
  for (let round = 0; round < 60; round++) {
    greedy.request(round % parts);
    await world.run({ forMs: 200 });
  }
  assert.is(greedy.partsHeard, parts * 3 + 16);
  assert.is(greedy.rejectsHeard, 60 - (parts * 3 + 16));
  greedy.request(parts);
  await world.run({ forMs: 500 });
  assert.is(greedy.rejectsHeard, 60 - (parts * 3 + 16) + 1);
});

test.run();
