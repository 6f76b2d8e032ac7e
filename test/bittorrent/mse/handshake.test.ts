// Aim: both sides of the MSE handshake agree on keys and method however the bytes are cut, hand over what comes behind
// it, refuse what is not allowed, keep to their bounds and give every cipher back.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  KEY_BYTES,
  PRIVATE_KEY_BYTES,
  powerByBigInt,
  publicKeyOf,
  sharedSecret,
} from '../../../engine/bittorrent/mse/diffie-hellman.ts';
import { syncMark, torrentHash } from '../../../engine/bittorrent/mse/hashes.ts';
import { TorrentTable } from '../../../engine/bittorrent/mse/torrent-table.ts';
import type { MethodName, MseResult } from '../../../engine/bittorrent/mse/types.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { INFO_HASH, mseKit, release, talk } from './support/mse-kit.ts';

const test = suite('mse handshake');

const PAYLOAD = new TextEncoder().encode('the handshake of BEP 3 goes here');
const BOTH: readonly MethodName[] = ['rc4', 'plain'];

test('Diffie-Hellman: both sides come to one secret, and OpenSSL to the same as plain arithmetic', () => {
  const random = seededRandom(1);
  for (let round = 0; round < 20; round++) {
    const a = random.bytes(PRIVATE_KEY_BYTES);
    const b = random.bytes(PRIVATE_KEY_BYTES);
    a[19] = round; // even and odd exponents
    const [keyA, keyB] = [publicKeyOf(a), publicKeyOf(b)];
    assert.is(keyA.length, KEY_BYTES);
    const two = new Uint8Array(KEY_BYTES);
    two[KEY_BYTES - 1] = 2;
    assert.equal(Buffer.from(keyA), Buffer.from(powerByBigInt(two, a)));
    const secret = sharedSecret(a, keyB);
    assert.equal(secret, sharedSecret(b, keyA));
    assert.equal(Buffer.from(secret!), Buffer.from(powerByBigInt(keyB, a)));
  }
});

test('Diffie-Hellman: keys that make the secret foreseeable are refused', () => {
  const own = seededRandom(2).bytes(PRIVATE_KEY_BYTES);
  const zero = new Uint8Array(KEY_BYTES);
  const one = Uint8Array.from({ length: KEY_BYTES }, (_, at) => (at === KEY_BYTES - 1 ? 1 : 0));
  const all = new Uint8Array(KEY_BYTES).fill(255);
  for (const key of [zero, one, all]) assert.is(sharedSecret(own, key), undefined);
  const kit = mseKit(2);
  for (const side of [kit.caller(BOTH), kit.answerer(BOTH)]) {
    assert.equal(side.take(zero), { kind: 'fault', fault: 'bad-key' });
  }
});

for (const partBytes of [1, 7, 96, 65_536]) {
  for (const [offered, allowed, chosen] of [
    [BOTH, BOTH, 'rc4'],
    [['rc4'], BOTH, 'rc4'],
    [BOTH, ['rc4'], 'rc4'],
    [['plain'], BOTH, 'plain'],
    [BOTH, ['plain', 'rc4'], 'plain'],
  ] as const) {
    test(`in parts of ${partBytes}: ${offered.join(' or ')} offered, ${allowed.join(' or ')} allowed`, () => {
      for (let seed = 0; seed < 8; seed++) {
        const kit = mseKit(seed);
        const outcome = talk(kit.caller(offered, PAYLOAD), kit.answerer(allowed), partBytes);
        const { caller, answerer } = outcome as { caller: MseResult; answerer: MseResult };
        assert.is(caller.method, chosen, `seed ${seed}`);
        assert.is(answerer.method, chosen);
        assert.equal(Uint8Array.from(answerer.rest), PAYLOAD);
        assert.is(caller.rest.length, 0);
        assert.is(kit.ciphers.size, chosen === 'rc4' ? 4 : 0);
        if (chosen === 'rc4') {
          const message = PAYLOAD.slice();
          caller.encrypt!.crypt(message, message.length);
          assert.not.equal(message, PAYLOAD);
          answerer.decrypt!.crypt(message, message.length);
          assert.equal(message, PAYLOAD);
          answerer.encrypt!.crypt(message, message.length);
          caller.decrypt!.crypt(message, message.length);
          assert.equal(message, PAYLOAD);
        }
        release(outcome);
        assert.is(kit.ciphers.size, 0);
        kit.slab.assertAllReturned();
      }
    });
  }
}

test('nothing in common, another torrent, a flipped bit: each side says what is wrong and holds nothing', () => {
  const kit = mseKit(3);
  const open = kit.caller(['plain']);
  assert.is(talk(open, kit.answerer(['rc4'])).answerer, 'no-common-method');
  open.close();
  const other = new Uint8Array(20).fill(99);
  const lost = kit.caller(BOTH, PAYLOAD, other);
  assert.is(talk(lost, kit.answerer(BOTH)).answerer, 'unknown-torrent');
  lost.close();
  const broken = kit.caller(BOTH, PAYLOAD);
  const outcome = talk(broken, kit.answerer(BOTH), 65_536, (from, bytes) => {
    if (from === 'answerer') bytes[40]! ^= 1;
    return bytes;
  });
  assert.is(outcome.answerer, 'no-sync');
  broken.close();
  assert.is(kit.ciphers.size, 0);
  kit.slab.assertAllReturned();
});

test('a caller that hears a plain handshake does not wait for a key', () => {
  const kit = mseKit(7);
  const caller = kit.caller(BOTH);
  caller.start();
  assert.is(caller.take(new TextEncoder().encode('\x13BitTorrent prot')).kind, 'more');
  assert.equal(caller.take(new TextEncoder().encode('ocol')), { kind: 'fault', fault: 'plain-answer' });
});

test('padding beyond 512 bytes ends it on either side', () => {
  const kit = mseKit(4);
  const noise = seededRandom(9).bytes(700);
  const key = publicKeyOf(seededRandom(5).bytes(PRIVATE_KEY_BYTES));
  const answerer = kit.answerer(BOTH);
  assert.is(answerer.take(key).kind, 'more');
  assert.is(answerer.take(noise.subarray(0, 531)).kind, 'more');
  assert.equal(answerer.take(noise.subarray(531, 532)), { kind: 'fault', fault: 'no-sync' });
  const caller = kit.caller(BOTH);
  caller.start();
  assert.is(caller.take(key).kind, 'more');
  assert.is(caller.take(noise.subarray(0, 519)).kind, 'more');
  assert.equal(caller.take(noise.subarray(519, 520)), { kind: 'fault', fault: 'no-sync' });
  assert.is(kit.ciphers.size, 0);
});

test('when the slab has no slot left there is no cipher, and that is told', () => {
  const kit = mseKit(5, 1);
  const held = kit.slab.tryLease(1, 'somebody')!;
  assert.is(talk(kit.caller(BOTH), kit.answerer(BOTH)).caller, 'no-memory');
  held.release();
  const open = [];
  for (let cipher = kit.ciphers.open(INFO_HASH); cipher !== undefined; cipher = kit.ciphers.open(INFO_HASH)) {
    open.push(cipher);
  }
  assert.is(open.length, 15, 'states of one slot');
  open[3]!.close();
  open[3]!.close();
  assert.is.not(kit.ciphers.open(INFO_HASH), undefined);
  assert.is(kit.ciphers.open(INFO_HASH), undefined);
});

test('ciphers go over bytes in the slab and elsewhere with one key stream', () => {
  const kit = mseKit(6);
  const [a, b] = [kit.ciphers.open(INFO_HASH)!, kit.ciphers.open(INFO_HASH)!];
  const lease = kit.slab.tryLease(3, 'test')!;
  const inSlab = kit.slab.bytes.subarray(lease.offset, lease.offset + 40_000);
  const elsewhere = seededRandom(6).bytes(40_000);
  inSlab.set(elsewhere);
  a.crypt(inSlab, 40_000);
  b.crypt(elsewhere, 40_000);
  assert.is(Buffer.compare(inSlab, elsewhere), 0);
  a.close();
  b.close();
  lease.release();
  kit.slab.assertAllReturned();
});

test('the table finds a torrent by the hash of its info-hash, and forgets it', () => {
  const table = new TorrentTable();
  table.add(INFO_HASH);
  assert.equal(table.find(torrentHash(INFO_HASH)), INFO_HASH);
  assert.is(table.find(syncMark(INFO_HASH)), undefined);
  table.remove(INFO_HASH);
  assert.is(table.size, 0);
});

test.run();
