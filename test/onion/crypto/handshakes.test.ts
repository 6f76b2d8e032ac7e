// Aim: the handshakes of circuits give the bytes of the published vectors, and the keys come out in the right order.
import { createHash } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ascii, joinBytes } from '../../../engine/onion/crypto/bytes.ts';
import { keyMaterialBytes, splitCgoKeys, splitTor1Keys } from '../../../engine/onion/crypto/circuit-keys.ts';
import { answerCreateFast, finishCreateFast } from '../../../engine/onion/crypto/create-fast.ts';
import { finishNtor, startNtor } from '../../../engine/onion/crypto/ntor-client.ts';
import { answerNtor } from '../../../engine/onion/crypto/ntor-server.ts';
import { finishNtorV3, startNtorV3 } from '../../../engine/onion/crypto/ntor-v3-client.ts';
import { answerNtorV3, openNtorV3 } from '../../../engine/onion/crypto/ntor-v3-server.ts';
import { OnionKeyring } from '../../../engine/onion/crypto/onion-keyring.ts';
import { x25519PublicKey } from '../../../engine/onion/crypto/x25519.ts';
import { fromHex, toHex } from './support.ts';

const test = suite('handshakes');

/** The ntor vector that C tor and arti test with; it gives the first 72 bytes of the keys. */
const NTOR = {
  fingerprint: fromHex('69546f6c64596f7541626f75745374616972732e'),
  onionPrivate: fromHex('4820544f4c4420594f5520444f474954204b454550532048415050454e494e47'),
  clientPrivate: fromHex('706f6461792069207075742e2e2e2e2e2e2e2e4a454c4c59206f6e2074686973'),
  serverPrivate: fromHex('70686520737175697272656c2e2e2e2e2e2e2e2e686173206869732067616d65'),
  onionSkin:
    '69546f6c64596f7541626f75745374616972732e' +
    'ccbc8541904d18af08753eae967874749e6149f873de937f57f8fd903a21c471' +
    'e65dfdbef8b2635837fe2cebc086a8096eae3213e6830dc407516083d412b078',
  reply:
    '390480a14362761d6aec1fea840f6e9e928fb2adb7b25c670be1045e35133a37' +
    '1cbdf68b89923e1f85e8e18ee6e805ea333fe4849c790ffd2670bd80fec95cc8',
  keys:
    '0c62dee7f48893370d0ef896758d35729867beef1a5121df80e00f79ed349af39b51cae125719182f19d932a667dae1a' +
    'fbf2e336e6910e7822223e763afad0a13342157969dc6b79',
};

test('ntor, both sides, by the vector of C tor and arti', () => {
  const { fingerprint, onionPrivate } = NTOR;
  const client = startNtor({ fingerprint, onionKey: x25519PublicKey(onionPrivate) }, NTOR.clientPrivate);
  assert.is(toHex(client.onionSkin), NTOR.onionSkin);
  const relay = { fingerprint, onionKeys: new OnionKeyring([onionPrivate]) };
  const answer = answerNtor(relay, client.onionSkin, NTOR.serverPrivate);
  assert.ok(answer.ok);
  assert.is(toHex(answer.value.reply), NTOR.reply);
  assert.is(answer.value.keys.length, 92);
  assert.is(toHex(answer.value.keys.subarray(0, 72)), NTOR.keys);
  assert.equal(finishNtor(client, answer.value.reply), { ok: true, value: answer.value.keys });
});

/** The ntor-v3 vector of C tor's test_ntor_v3, made by its Python twin and confirmed by arti. */
const NTOR_V3 = {
  onionPrivate: fromHex('4051daa5921cfa2a1c27b08451324919538e79e788a81b38cbed097a5dff454a'),
  identity: fromHex('9fad2af287ef942632833d21f946c6260c33fae6172b60006e86e4a6911753a2'),
  clientPrivate: fromHex('b825a3719147bcbe5fb1d0b0fcb9c09e51948048e2e3283d2ab7b45b5ef38b49'),
  serverPrivate: fromHex('4865a5b7689dafd978f529291c7171bc159be076b92186405d13220b80e2a053'),
  verification: ascii('xyzzy'),
  clientMessage: ascii('hello world'),
  serverMessage: ascii('Hola Mundo'),
  onionSkin:
    '9fad2af287ef942632833d21f946c6260c33fae6172b60006e86e4a6911753a2' +
    'f8307a2bc1870b00b828bb74dbb8fd88e632a6375ab3bcd1ae706aaa8b6cdd1d' +
    '252fe9ae91264c91d4ecb8501f79d0387e34ad8ca0f7c995184f7d11d5da4f46' +
    '3bebd9151fd3b47c180abc9e044d53565f04d82bbb3bebed3d06cea65db8be9c72b68cd461942088502f67',
  reply:
    '4bf4814326fdab45ad5184f5518bd7fae25dc59374062698201a50a22954246d' +
    '2fc5f8773ca824542bc6cf6f57c7c29bbf4e5476461ab130c5b18ab0a9127665' +
    '1202c3e1e87c0d32054c',
  keys:
    '9c19b631fd94ed86a817e01f6c80b0743a43f5faebd39cfaa8b00fa8bcc65c3bfeaa403d91acbd68a821bf6ee8504602' +
    'b094a254392a07737d5662768c7a9fb1b2814bb34780eaee6e867c773e28c212ead563e98a1cd5d5b4576f5ee61c59bd' +
    'e025ff2851bb19b721421694f263818e3531e43a9e4e3e2c661e2ad547d8984caa28ebecd3e4525452299be26b9185a2' +
    '0a90ce1eac20a91f2832d731b54502b09749b5a2a2949292f8cfcbeffb790c7790ed935a9d251e7e336148ea83b063a5' +
    '618fcff674a44581585fd22077ca0e52c59a24347a38d1a1ceebddbf238541f226b8f88d0fb9c07a1bcd2ea764bbbb5d' +
    'acdaf5312a14c0b9e4f06309b0333b4a',
};

test('ntor-v3, both sides, by the vector of C tor and arti', () => {
  const { identity, onionPrivate, verification, clientMessage, serverMessage } = NTOR_V3;
  const target = { identity, onionKey: x25519PublicKey(onionPrivate) };
  const started = startNtorV3(target, NTOR_V3.clientPrivate, clientMessage, verification);
  assert.ok(started.ok);
  assert.is(toHex(started.value.onionSkin), NTOR_V3.onionSkin);
  const relay = { identity, onionKeys: new OnionKeyring([onionPrivate]) };
  const request = openNtorV3(relay, started.value.onionSkin, verification);
  assert.ok(request.ok);
  assert.equal(request.value.message, clientMessage);
  const answer = answerNtorV3(request.value, NTOR_V3.serverPrivate, serverMessage, 256);
  assert.ok(answer.ok);
  assert.is(toHex(answer.value.reply), NTOR_V3.reply);
  assert.is(toHex(answer.value.keys), NTOR_V3.keys);
  const finish = finishNtorV3(started.value, answer.value.reply, 256);
  assert.ok(finish.ok);
  assert.equal(finish.value.message, serverMessage);
  assert.equal(finish.value.keys, answer.value.keys);
});

test('ntor-v3 for another purpose is not taken', () => {
  const { identity, onionPrivate, verification } = NTOR_V3;
  const relay = { identity, onionKeys: new OnionKeyring([onionPrivate]) };
  const onionSkin = fromHex(NTOR_V3.onionSkin);
  assert.ok(openNtorV3(relay, onionSkin, verification).ok);
  assert.equal(openNtorV3(relay, onionSkin), { ok: false, reason: 'wrong-mac' });
});

test('CREATE_FAST: SHA-1 of both secrets and a counter, KH first on the wire and last in the keys', () => {
  const [x, y] = [new Uint8Array(20).fill(1), new Uint8Array(20).fill(2)];
  const block = (counter: number): Uint8Array =>
    createHash('sha1')
      .update(joinBytes(x, y, Uint8Array.of(counter)))
      .digest();
  const stream = joinBytes(...[0, 1, 2, 3, 4].map(block));
  const answer = answerCreateFast(x, y);
  assert.ok(answer.ok);
  assert.equal(answer.value.reply, joinBytes(y, stream.subarray(0, 20)));
  const keys = splitTor1Keys(answer.value.keys);
  assert.equal(keys, {
    forwardDigestSeed: stream.subarray(20, 40),
    backwardDigestSeed: stream.subarray(40, 60),
    forwardKey: stream.subarray(60, 76),
    backwardKey: stream.subarray(76, 92),
    binding: stream.subarray(0, 20),
  });
  assert.equal(finishCreateFast(x, answer.value.reply), { ok: true, value: answer.value.keys });
  for (let bit = 0; bit < 320; bit++) {
    const reply = answer.value.reply.slice();
    reply[bit >>> 3]! ^= 1 << (bit & 7);
    assert.equal(finishCreateFast(x, reply), { ok: false, reason: 'wrong-derivation' });
  }
  assert.equal(finishCreateFast(x, x), { ok: false, reason: 'bad-length' });
  assert.equal(answerCreateFast(x.subarray(1), y), { ok: false, reason: 'bad-length' });
});

test('keys are cut in the order of the specification', () => {
  const bytes = Uint8Array.from({ length: 180 }, (_, index) => index);
  const cgo = splitCgoKeys(bytes);
  assert.equal([cgo.forward[0], cgo.backward[0], cgo.binding[0]], [0, 80, 160]);
  assert.equal([cgo.forward.length, cgo.backward.length, cgo.binding.length], [80, 80, 20]);
  const tor1 = splitTor1Keys(bytes.subarray(0, 92));
  assert.equal(
    [tor1.forwardDigestSeed, tor1.backwardDigestSeed, tor1.forwardKey, tor1.backwardKey, tor1.binding].map(
      (part) => [part[0], part.length],
    ),
    [
      [0, 20],
      [20, 20],
      [40, 16],
      [56, 16],
      [72, 20],
    ],
  );
  assert.equal([keyMaterialBytes('tor1'), keyMaterialBytes('cgo')], [92, 180]);
  assert.throws(() => splitTor1Keys(bytes), RangeError);
  assert.throws(() => splitCgoKeys(bytes.subarray(1)), RangeError);
});

test.run();
