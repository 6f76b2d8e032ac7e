// Aim: client and relay agree on keys, cipher and flow control in every combination of wishes and policies; what is
// not for this relay, from an old key or badly asked for is refused with the right reason; shared memory is fine.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  decodeHopGrant,
  decodeHopWishes,
  encodeHopGrant,
  encodeHopWishes,
  type HopWishes,
} from '../../../engine/onion/crypto/circuit-extensions.ts';
import { finishHop, type HopTarget, startHop } from '../../../engine/onion/crypto/create2-client.ts';
import { Create2Server, type HandshakePolicy } from '../../../engine/onion/crypto/create2-server.ts';
import { startNtorV3 } from '../../../engine/onion/crypto/ntor-v3-client.ts';
import { answerNtorV3, openNtorV3 } from '../../../engine/onion/crypto/ntor-v3-server.ts';
import { OnionKeyring } from '../../../engine/onion/crypto/onion-keyring.ts';
import { x25519PublicKey } from '../../../engine/onion/crypto/x25519.ts';
import { seededRandom } from '../../bittorrent/support/seeded-random.ts';
import { fromHex, inSharedMemory } from './support.ts';

const test = suite('create2');
const random = seededRandom(11);
const [CURRENT, PREVIOUS] = [random.bytes(32), random.bytes(32)];
const fingerprint = random.bytes(20);
const identity = random.bytes(32);
const target: HopTarget = { fingerprint, identity, onionKey: x25519PublicKey(CURRENT) };
const FULL: HandshakePolicy = { sendmeIncrement: 31, cgo: true };

function serverWith(policy: HandshakePolicy, onionKeys = [CURRENT, PREVIOUS]): Create2Server {
  return new Create2Server({ fingerprint, identity, onionKeys, ...policy });
}

/** What the relay says to an onion skin of that type. */
function answerTo(type: number, onionSkin: Uint8Array, server = serverWith(FULL)) {
  return server.answer({ type, onionSkin, ephemeralPrivateKey: random.bytes(32) });
}

function v3Skin(message: Uint8Array): Uint8Array {
  const started = startNtorV3({ identity, onionKey: target.onionKey }, random.bytes(32), message);
  assert.ok(started.ok);
  return started.value.onionSkin;
}

test('both sides agree, whatever is asked and offered', () => {
  const none = { congestionControl: false, cgo: false };
  const cc = { congestionControl: true, cgo: false };
  const cgo = { congestionControl: true, cgo: true };
  const cases = [
    [undefined, FULL, 'tor1', undefined],
    [none, FULL, 'tor1', undefined],
    [cc, FULL, 'tor1', 31],
    [cgo, FULL, 'cgo', 31],
    [cc, { sendmeIncrement: undefined, cgo: false }, 'tor1', undefined],
    [cc, { sendmeIncrement: 100, cgo: false }, 'tor1', 100],
  ] as const;
  for (const [wishes, policy, cipher, sendmeIncrement] of cases) {
    const hop = startHop(target, wishes, random.bytes(32));
    assert.ok(hop.ok);
    assert.is(hop.value.type, wishes === undefined ? 2 : 3);
    const done = answerTo(hop.value.type, inSharedMemory(hop.value.onionSkin), serverWith(policy));
    assert.ok(done.ok);
    const keys = finishHop(hop.value, inSharedMemory(done.value.reply));
    assert.ok(keys.ok);
    assert.equal(keys.value, { cipher, keys: done.value.keys, sendmeIncrement });
    assert.is(done.value.cipher, cipher);
    assert.is(done.value.sendmeIncrement, sendmeIncrement);
  }
});

test('a relay without an Ed25519 identity gets ntor', () => {
  const hop = startHop({ ...target, identity: undefined }, { congestionControl: true, cgo: false }, CURRENT);
  assert.ok(hop.ok);
  assert.is(hop.value.type, 2);
});

test('the onion key before the last rotation is answered until it is dropped', () => {
  for (const wishes of [undefined, { congestionControl: true, cgo: false }]) {
    const old = { ...target, onionKey: x25519PublicKey(PREVIOUS) };
    const hop = startHop(old, wishes, random.bytes(32));
    assert.ok(hop.ok);
    const server = serverWith(FULL);
    const done = answerTo(hop.value.type, hop.value.onionSkin, server);
    assert.ok(done.ok);
    assert.ok(finishHop(hop.value, done.value.reply).ok);
    server.setOnionKeys([CURRENT]);
    const refused = answerTo(hop.value.type, hop.value.onionSkin, server);
    assert.equal(refused, { ok: false, reason: 'unknown-onion-key' });
  }
  assert.equal(new OnionKeyring([CURRENT, PREVIOUS]).currentPublicKey, target.onionKey);
});

test('a relay has one or two onion keys', () => {
  assert.throws(() => new OnionKeyring([]), RangeError);
  assert.throws(() => new OnionKeyring([CURRENT, PREVIOUS, fingerprint]), RangeError);
  assert.throws(() => serverWith(FULL, []), RangeError);
  assert.throws(() => serverWith(FULL, [CURRENT.subarray(1)]), RangeError);
});

test('what is not for this relay or no handshake is refused before anything is computed', () => {
  const ntor = startHop(target, undefined, CURRENT);
  const v3 = startHop(target, { congestionControl: false, cgo: false }, CURRENT);
  assert.ok(ntor.ok && v3.ok);
  const [skin, skin3] = [ntor.value.onionSkin, v3.value.onionSkin];
  const changed = (bytes: Uint8Array, at: number): Uint8Array => bytes.map((b, i) => (i === at ? b ^ 1 : b));
  const zeroed = (bytes: Uint8Array, from: number): Uint8Array => bytes.slice().fill(0, from, from + 32);
  const cases = [
    [0, skin, 'unknown-handshake'],
    [1, skin, 'unknown-handshake'],
    [2, skin.subarray(1), 'bad-length'],
    [2, new Uint8Array(505), 'bad-length'],
    [2, changed(skin, 0), 'wrong-fingerprint'],
    [2, changed(skin, 20), 'unknown-onion-key'],
    [2, zeroed(skin, 52), 'zero-secret'],
    [3, skin3.subarray(0, 127), 'bad-length'],
    [3, changed(skin3, 0), 'wrong-identity'],
    [3, changed(skin3, 32), 'unknown-onion-key'],
    [3, zeroed(skin3, 64), 'zero-secret'],
    [3, changed(skin3, 96), 'wrong-mac'],
  ] as const;
  for (const [type, onionSkin, reason] of cases) {
    assert.equal(answerTo(type, onionSkin), { ok: false, reason }, `${type} ${reason}`);
  }
});

test('a worker gets many jobs and gives as many answers, good and bad', () => {
  const hops = [1, 2, 3].map(() => {
    const hop = startHop(target, { congestionControl: true, cgo: true }, random.bytes(32));
    assert.ok(hop.ok);
    return hop.value;
  });
  const jobs = hops.map(({ type, onionSkin }) => ({
    type,
    onionSkin,
    ephemeralPrivateKey: random.bytes(32),
  }));
  jobs[1]!.onionSkin = jobs[1]!.onionSkin.subarray(1);
  const answers = structuredClone(serverWith(FULL).answerAll(structuredClone(jobs)));
  assert.equal(
    answers.map(({ ok }) => ok),
    [true, false, true],
  );
  for (const index of [0, 2]) {
    const answer = answers[index]!;
    const keys = answer.ok ? finishHop(hops[index]!, answer.value.reply) : answer;
    assert.ok(keys.ok && answer.ok);
    assert.equal(keys.value.keys, answer.value.keys);
  }
});

test('extensions have the bytes of the specification', () => {
  const asked = [
    [{ congestionControl: false, cgo: false }, '00'],
    [{ congestionControl: true, cgo: false }, '01 0100'],
    [{ congestionControl: true, cgo: true }, '02 0100 03020206'],
  ] as const;
  for (const [wishes, hex] of asked) {
    assert.equal(encodeHopWishes(wishes), fromHex(hex));
    assert.equal(decodeHopWishes(fromHex(hex)), { ok: true, value: wishes });
  }
  for (const [sendmeIncrement, hex] of [
    [undefined, '00'],
    [31, '01 02011f'],
  ] as const) {
    assert.equal(encodeHopGrant({ sendmeIncrement }), fromHex(hex));
    assert.equal(decodeHopGrant(fromHex(hex)), { ok: true, value: { sendmeIncrement } });
  }
});

test('unknown extensions are skipped, badly made ones and unknown subprotocols refused', () => {
  const cases = [
    ['02 0100 7f03aabbcc', { ok: true, value: { congestionControl: true, cgo: false } }],
    ['00 00', 'bad-extensions'],
    ['', 'bad-extensions'],
    ['01', 'bad-extensions'],
    ['01 01', 'bad-extensions'],
    ['01 0101', 'bad-extensions'],
    ['01 010100', 'bad-extensions'],
    ['02 0100 0100', 'bad-extensions'],
    ['02 7f00 0100', 'bad-extensions'],
    ['01 0300', 'bad-extensions'],
    ['02 0100 030102', 'bad-extensions'],
    ['02 0100 03020205', 'unknown-subprotocol'],
    ['02 0100 03020306', 'unknown-subprotocol'],
    ['02 0100 030402060207', 'unknown-subprotocol'],
    ['01 03020206', 'cgo-without-congestion-control'],
  ] as const;
  for (const [hex, expected] of cases) {
    const wanted = typeof expected === 'string' ? { ok: false, reason: expected } : expected;
    assert.equal(decodeHopWishes(fromHex(hex)), wanted, hex);
    if (typeof expected === 'string') {
      assert.equal(answerTo(3, v3Skin(fromHex(hex))), wanted, `through the handshake: ${hex}`);
    }
  }
  for (const hex of ['', '01', '01 0200', '01 02021f00', '01 020100', '02 02011f 02011f']) {
    assert.equal(decodeHopGrant(fromHex(hex)), { ok: false, reason: 'bad-extensions' }, hex);
  }
});

test('CGO is refused by a relay that has it or congestion control off', () => {
  for (const policy of [
    { sendmeIncrement: 31, cgo: false },
    { sendmeIncrement: undefined, cgo: true },
  ]) {
    const hop = startHop(target, { congestionControl: true, cgo: true }, random.bytes(32));
    assert.ok(hop.ok);
    const server = serverWith(FULL);
    server.setPolicy(policy);
    const answer = answerTo(hop.value.type, hop.value.onionSkin, server);
    assert.equal(answer, { ok: false, reason: 'cgo-refused' });
  }
});

test('a client refuses a grant it did not ask for, and CGO without congestion control', () => {
  assert.throws(() => startHop(target, { congestionControl: false, cgo: true }, CURRENT), RangeError);
  const relay = { identity, onionKeys: new OnionKeyring([CURRENT]) };
  const finishWith = (wishes: HopWishes, said: string) => {
    const hop = startHop(target, wishes, random.bytes(32));
    assert.ok(hop.ok);
    const request = openNtorV3(relay, hop.value.onionSkin);
    assert.ok(request.ok);
    const answer = answerNtorV3(request.value, random.bytes(32), fromHex(said), wishes.cgo ? 180 : 92);
    assert.ok(answer.ok);
    const finish = finishHop(hop.value, answer.value.reply);
    return finish.ok ? finish.value.sendmeIncrement : finish.reason;
  };
  const none = { congestionControl: false, cgo: false };
  assert.is(finishWith(none, '01 02011f'), 'unasked');
  assert.is(finishWith(none, '00'), undefined);
  assert.is(finishWith({ congestionControl: true, cgo: true }, '00'), 'unasked');
  assert.is(finishWith({ congestionControl: true, cgo: true }, '01 02011f'), 31);
  assert.is(finishWith({ congestionControl: true, cgo: false }, '01 0201'), 'bad-extensions');
});

test('a message that does not fit into a cell is the caller’s mistake', () => {
  assert.is(v3Skin(new Uint8Array(377)).length, 505);
  assert.throws(() => v3Skin(new Uint8Array(378)), RangeError);
});

test.run();
