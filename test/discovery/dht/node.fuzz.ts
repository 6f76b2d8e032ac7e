/**
 * Aim: a million hostile datagrams, mutated from real ones, make no exception escape and no table grow beyond its bound.
 * The seed is printed when it fails; ALLIUM_FUZZ_SEED replays it, ALLIUM_FUZZ_RUNS changes the number (200,000).
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LightWorld } from '../../../bench/dht/sim/light-world.ts';
import { DhtNode } from '../../../engine/discovery/dht/dht-node.ts';
import { decodeKrpc } from '../../../engine/discovery/dht/krpc-decode.ts';
import {
  encodeAnswer,
  encodeError,
  encodeQuery,
  KrpcWriter,
} from '../../../engine/discovery/dht/krpc-encode.ts';
import type { Endpoint } from '../../../engine/runtime/port.ts';
import { SimRandom } from '../../../engine/runtime/sim/chance.ts';
import { id } from './support/ids.ts';

const fuzz = suite('DHT fuzz');
const SEED = Number(process.env['ALLIUM_FUZZ_SEED'] ?? 1);
const RUNS = Number(process.env['ALLIUM_FUZZ_RUNS'] ?? 200_000);

function originals(): Uint8Array[] {
  const writer = new KrpcWriter();
  const head = { id: id(3), transaction: Buffer.from('abcd'), externalAddress: Buffer.from('abcdef') };
  const target = id(9);
  const token = new Uint8Array(8);
  const query = (name: Parameters<typeof encodeQuery>[1]['name'], fields: object): Uint8Array =>
    encodeQuery(writer, { name, transaction: 7, readOnly: false }, { id: id(2), ...fields });
  const value = Buffer.from('d1:ali1eee');
  const [publicKey, signature] = [new Uint8Array(32), new Uint8Array(64)];
  return [
    query('ping', {}),
    query('find_node', { target, wantBoth: true }),
    query('get_peers', { infoHash: target, scrape: true, noSeeds: true }),
    query('announce_peer', { infoHash: target, port: 1, token, seed: true, impliedPort: true }),
    query('get', { target, sequence: 4 }),
    query('put', { token, value, publicKey, signature, sequence: 4, cas: 3, salt: Buffer.from('s') }),
    query('sample_infohashes', { target }),
    encodeAnswer(writer, head, {
      nodes: new Uint8Array(208).fill(9),
      token,
      values: [Buffer.from('abcdef')],
    }),
    encodeAnswer(writer, head, { value, publicKey, signature, sequence: 1, nodes6: new Uint8Array(76) }),
    encodeAnswer(writer, head, {
      samples: target,
      sampleCount: 1,
      intervalSec: 2,
      seedFilter: new Uint8Array(256),
    }),
    encodeError(writer, head, 201, 'no'),
  ].map((bytes) => bytes.slice());
}

function mutate(from: readonly Uint8Array[], random: SimRandom): Uint8Array {
  const bytes = from[random.below(from.length)]!.slice();
  const changes = random.below(4);
  for (let i = 0; i < changes; i++) {
    const at = random.below(bytes.length);
    const kind = random.below(4);
    if (kind === 0) bytes[at] = random.below(256);
    else if (kind === 1) bytes[at] = 'dlie0123456789:-'.charCodeAt(random.below(16));
    else if (kind === 2) bytes.copyWithin(at, random.below(bytes.length));
    else return bytes.slice(0, at);
  }
  return bytes;
}

fuzz(`${RUNS} mutated datagrams, seed ${SEED}`, async () => {
  const random = new SimRandom(SEED, 'fuzz');
  const world = new LightWorld({ seed: SEED });
  // Queries of ours are reflected at times, so that some answers are waited for.
  const reflected: Uint8Array[] = [];
  const socket = {
    local: { host: '20.0.0.1', port: 6881 },
    send: (bytes: Uint8Array) => void (reflected.length < 64 && reflected.push(bytes.slice())),
  };
  const node = new DhtNode(
    { nodeId: id(0), peerStore: { infoHashesMax: 100, peersMax: 1000 }, itemStore: { itemsMax: 100 } },
    { runtime: world.runtime, socket },
  );
  void node.start();
  const seeds = originals();
  const from = (): Endpoint => ({
    host: `${20 + random.below(200)}.${random.below(256)}.1.1`,
    port: 1 + random.below(9),
  });
  for (let i = 0; i < RUNS; i++) {
    try {
      node.onDatagram(mutate(reflected.length > 0 && i % 7 === 0 ? reflected : seeds, random), from());
    } catch (error) {
      throw new Error(`datagram ${i} of seed ${SEED}: ${String(error)}`, { cause: error });
    }
    if (i % 2000 === 0) {
      reflected.length = 0;
      void node.findPeers(random.bytes(20));
      await world.run({ forMs: 500 });
    }
  }
  const { nodes, buckets, infoHashes, peers, items, pendingQueries, replacements } = node.stats;
  assert.ok(nodes <= buckets * 8 && replacements <= buckets * 8);
  assert.ok(infoHashes <= 100 && peers <= 1000 && items <= 100 && pendingQueries <= 1024);
  assert.ok(node.stats.malformed > RUNS / 10, 'mutations bite');
});

fuzz('the decoder never throws, whatever the bytes', () => {
  const random = new SimRandom(SEED, 'decode');
  for (let i = 0; i < 50_000; i++) {
    const bytes = random.bytes(random.below(80));
    if (i % 2 === 0 && bytes.length > 0) bytes[0] = 0x64;
    decodeKrpc(bytes);
  }
});

fuzz.run();
