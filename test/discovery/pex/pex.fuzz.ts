// Aim: 12,000 mutated PEX messages (BEP 11) and as many of local search (BEP 14) end in bounded, usable addresses or in
// nothing: no exception. ALLIUM_FUZZ_SEED replays one.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readAddress } from '../../../engine/codec/address.ts';
import { decodeLsdMessage, encodeLsdMessage, LSD_HASHES_MAX } from '../../../engine/discovery/lsd/message.ts';
import { decodePexMessage, encodePexMessage, PEX_PEERS_MAX } from '../../../engine/discovery/pex/message.ts';
import { mutateBytes } from '../../bittorrent/support/mutate-bytes.ts';
import { seededRandom } from '../../bittorrent/support/seeded-random.ts';

const test = suite('PEX and LSD fuzz');
const MESSAGES = 12_000;
const replay = process.env.ALLIUM_FUZZ_SEED;
const seeds = replay === undefined ? Array.from({ length: MESSAGES }, (_, seed) => seed) : [Number(replay)];
const flags = { prefersEncryption: true, isSeed: false, utp: true, holepunch: false, reachable: true };

test('PEX', () => {
  let usable = 0;
  for (const seed of seeds) {
    const random = seededRandom(seed);
    const peers = Array.from({ length: random.below(60) }, (_, i) => ({
      endpoint: { host: i % 3 === 0 ? `2001:db8::${i + 1}` : `203.0.113.${i + 1}`, port: 1 + i },
      flags,
    }));
    const valid = encodePexMessage({ added: peers, dropped: peers.slice(0, 5).map((p) => p.endpoint) });
    const message = decodePexMessage(mutateBytes(valid, random));
    if (message === undefined) continue;
    usable += message.added.length;
    assert.ok(message.added.length <= 2 * PEX_PEERS_MAX && message.dropped.length <= 2 * PEX_PEERS_MAX);
    for (const { endpoint } of message.added) {
      assert.ok(endpoint.port > 0 && endpoint.port < 65_536, `ALLIUM_FUZZ_SEED=${seed}`);
      assert.ok(readAddress(endpoint.host) !== undefined, `ALLIUM_FUZZ_SEED=${seed}`);
    }
  }
  assert.ok(replay !== undefined || usable > 1000, 'some of it was still good');
});

test('LSD', () => {
  let good = 0;
  for (const seed of seeds) {
    const random = seededRandom(seed);
    const infoHashes = Array.from({ length: 1 + random.below(30) }, () => random.bytes(20));
    const valid = encodeLsdMessage(
      { port: 1 + random.below(65_535), infoHashes, cookie: 'c' },
      '239.192.152.143',
    );
    const message = decodeLsdMessage(mutateBytes(valid, random));
    if (message === undefined) continue;
    good++;
    assert.ok(message.infoHashes.length >= 1 && message.infoHashes.length <= LSD_HASHES_MAX);
    for (const hash of message.infoHashes) assert.is(hash.length, 20);
    assert.ok(message.port > 0 && message.port < 65_536, `ALLIUM_FUZZ_SEED=${seed}`);
  }
  assert.ok(replay !== undefined || good > 1000, 'some of it was still good');
});

test.run();
