// Aim: the store keeps what was asked for last, within its bytes, takes nothing that was not wanted, and newer in place of older.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ByteLru } from '../../../engine/onion/directory/byte-lru.ts';
import { parseServerDescriptors } from '../../../engine/onion/directory/server-descriptor.ts';
import { DirectoryStore } from '../../../engine/onion/directory/store.ts';
import { certificates, fixture, fixtureConsensus, NOW_MS, unwrap } from './support.ts';

const test = suite('directory store');
const consensus = fixtureConsensus('microdesc');
const consensusBytes = fixture('consensus-microdesc');
const answer = fixture('microdescriptors');

test('the least recently asked for goes first', () => {
  const lru = new ByteLru<number>({ bytesMax: 30 });
  for (const [name, value] of [
    ['a', 1],
    ['b', 2],
    ['c', 3],
  ] as const)
    lru.set(name, value, 10);
  assert.is(lru.get('a'), 1);
  lru.set('d', 4, 10);
  assert.equal([lru.has('a'), lru.has('b'), lru.byteLength, lru.size], [true, false, 30, 3]);
  assert.not(lru.set('e', 5, 31));
  lru.set('a', 9, 30);
  assert.equal([[...lru.values()], lru.byteLength], [[9], 30]);
});

test('microdescriptors that the consensus names are missing, then there; others are not taken', () => {
  const store = new DirectoryStore();
  store.setConsensus(consensus, consensusBytes);
  const missing = store.missingMicrodescriptors();
  assert.is(missing.length, 6);
  assert.equal(store.addMicrodescriptors(answer, new Set()), []);
  assert.is(store.addMicrodescriptors(answer, new Set(missing.slice(1))).length, 5);
  assert.equal(store.missingMicrodescriptors(), missing.slice(0, 1));
  assert.is(store.microdescriptor(missing[3]!)?.microdescriptor.digest, missing[3]);
  assert.is([...store.microdescriptors()].length, 5);
});

test('microdescriptors stay within their bytes', () => {
  const store = new DirectoryStore({ microdescBytesMax: 1000 });
  store.setConsensus(consensus, consensusBytes);
  store.addMicrodescriptors(answer, new Set(store.missingMicrodescriptors()));
  assert.ok(store.microdescBytes <= 1000 && store.microdescBytes > 600);
});

test('a consensus gives way to a newer one only', () => {
  const store = new DirectoryStore();
  assert.ok(store.setConsensus(consensus, consensusBytes));
  assert.not(store.setConsensus(consensus, consensusBytes));
  assert.ok(store.setConsensus({ ...consensus, validAfterMs: consensus.validAfterMs + 1 }, consensusBytes));
  const stored = store.consensus('microdesc')!;
  assert.is(stored.packed('deflate'), stored.packed('deflate'), 'packed once');
  assert.is(store.consensus('ns'), undefined);
});

test('certificates are bounded; those that last longest stay', () => {
  const store = new DirectoryStore({ certificatesMax: 2 });
  const [first, second, third] = certificates;
  assert.ok(store.addCertificate({ ...first!, expiresMs: 1 }));
  assert.not(store.addCertificate({ ...first!, expiresMs: 1 }));
  store.addCertificate({ ...second!, expiresMs: 3 });
  store.addCertificate({ ...third!, expiresMs: 2 });
  assert.equal(
    store.certificates.map((one) => one.v3ident),
    [second!.v3ident, third!.v3ident],
  );
  assert.ok(store.addCertificate({ ...second!, publishedMs: second!.publishedMs + 1 }));
  assert.is(store.certificates.length, 2);
});

test('descriptors stay within their bytes, the newest of each relay counts', () => {
  const [one, two] = parseServerDescriptors(fixture('descriptors'), NOW_MS).map(unwrap);
  const store = new DirectoryStore({ descriptorBytesMax: 3000 });
  assert.ok(store.addDescriptor(one!));
  assert.not(store.addDescriptor({ ...one!, digest: 'older', publishedMs: one!.publishedMs - 1 }));
  assert.is(store.descriptorOf(one!.fingerprint)?.digest, one!.digest);
  store.addDescriptor(two!);
  assert.is(store.descriptor(one!.digest), undefined);
  assert.is(store.descriptorOf(two!.fingerprint), store.descriptor(two!.digest));
  assert.not(store.addDescriptor({ ...one!, text: new Uint8Array(3001) }));
});

test.run();
