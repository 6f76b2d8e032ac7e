// Aim: for any keys both sides come to the same, and whatever single bit of any message or key is turned over, no
// circuit comes of it.
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { finishNtor, startNtor } from '../../../engine/onion/crypto/ntor-client.ts';
import { answerNtor } from '../../../engine/onion/crypto/ntor-server.ts';
import { NTOR_V3_MESSAGE_BYTES_MAX } from '../../../engine/onion/crypto/ntor-v3.ts';
import { finishNtorV3, startNtorV3 } from '../../../engine/onion/crypto/ntor-v3-client.ts';
import { answerNtorV3, openNtorV3 } from '../../../engine/onion/crypto/ntor-v3-server.ts';
import { OnionKeyring } from '../../../engine/onion/crypto/onion-keyring.ts';
import { x25519PublicKey } from '../../../engine/onion/crypto/x25519.ts';
import { flipBit } from './support.ts';

const test = suite('handshake properties');
const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });
const keys = fc.record({ onion: bytes(32), client: bytes(32), server: bytes(32) });

/** RFC 7748: the top bit of a public key is not looked at by the curve, but it is part of what is hashed. */
const bitOf = (byteLength: number): fc.Arbitrary<number> => fc.nat(byteLength * 8 - 1);

test('ntor: agreement, and no circuit from a changed bit', () => {
  fc.assert(
    fc.property(keys, bytes(20), bitOf(84), bitOf(64), (key, fingerprint, skinBit, replyBit) => {
      const relay = { fingerprint, onionKeys: new OnionKeyring([key.onion]) };
      const client = startNtor({ fingerprint, onionKey: x25519PublicKey(key.onion) }, key.client);
      const answer = answerNtor(relay, client.onionSkin, key.server);
      assert.ok(answer.ok);
      assert.equal(finishNtor(client, answer.value.reply), { ok: true, value: answer.value.keys });
      assert.not.ok(finishNtor(client, flipBit(answer.value.reply, replyBit)).ok, `reply bit ${replyBit}`);
      const twisted = answerNtor(relay, flipBit(client.onionSkin, skinBit), key.server);
      if (twisted.ok) assert.not.ok(finishNtor(client, twisted.value.reply).ok, `skin bit ${skinBit}`);
    }),
    { numRuns: 150 },
  );
});

test('ntor-v3: agreement, and no circuit from a changed bit', () => {
  const message = fc.uint8Array({ maxLength: NTOR_V3_MESSAGE_BYTES_MAX });
  fc.assert(
    fc.property(keys, bytes(32), message, message, fc.nat(), (key, identity, asked, said, chance) => {
      const relay = { identity, onionKeys: new OnionKeyring([key.onion]) };
      const started = startNtorV3({ identity, onionKey: x25519PublicKey(key.onion) }, key.client, asked);
      assert.ok(started.ok);
      const { onionSkin } = started.value;
      const request = openNtorV3(relay, onionSkin);
      assert.ok(request.ok);
      assert.equal(request.value.message, asked);
      const answer = answerNtorV3(request.value, key.server, said, 180);
      assert.ok(answer.ok);
      const { reply } = answer.value;
      const finish = finishNtorV3(started.value, reply, 180);
      assert.equal(finish, { ok: true, value: { message: said, keys: answer.value.keys } });
      const twistedReply = flipBit(reply, chance % (reply.length * 8));
      assert.not.ok(finishNtorV3(started.value, twistedReply, 180).ok, 'reply');
      assert.not.ok(openNtorV3(relay, flipBit(onionSkin, chance % (onionSkin.length * 8))).ok, 'skin');
    }),
    { numRuns: 150 },
  );
});

test('another relay than the one meant cannot answer', () => {
  fc.assert(
    fc.property(keys, bytes(32), bytes(20), bytes(32), (key, thief, fingerprint, identity) => {
      fc.pre(Buffer.compare(key.onion, thief) !== 0);
      const onionKey = x25519PublicKey(key.onion);
      const stolen = new OnionKeyring([thief]);
      const client = startNtor({ fingerprint, onionKey }, key.client);
      // It says the right name, but has another private key.
      const skin = client.onionSkin.slice();
      skin.set(stolen.currentPublicKey, 20);
      const answer = answerNtor({ fingerprint, onionKeys: stolen }, skin, key.server);
      assert.ok(answer.ok);
      assert.not.ok(finishNtor(client, answer.value.reply).ok);
      const started = startNtorV3({ identity, onionKey }, key.client, fingerprint);
      assert.ok(started.ok);
      const skin3 = started.value.onionSkin.slice();
      skin3.set(stolen.currentPublicKey, 32);
      assert.equal(openNtorV3({ identity, onionKeys: stolen }, skin3), { ok: false, reason: 'wrong-mac' });
    }),
    { numRuns: 40 },
  );
});

test.run();
