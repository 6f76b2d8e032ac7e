// Aim: packets are read as they were written, whatever is in them; masks say what a reorder buffer holds; numbers go round.
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  GREETING_BYTES,
  readPacket,
  SACK_MASK_AT,
  UtpPacket,
  writeHeader,
  writeLongest,
  writeSackHead,
} from '../../../engine/bittorrent/utp/packet.ts';
import { ReorderBuffer } from '../../../engine/bittorrent/utp/reorder-buffer.ts';
import { SendRing } from '../../../engine/bittorrent/utp/send-ring.ts';

const test = suite('packets of uTP');
const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const fields = fc.record({
  type: fc.constantFrom(0, 1, 2, 3, 4) as fc.Arbitrary<0 | 1 | 2 | 3 | 4>,
  connectionId: u16,
  timestampUs: u32,
  differenceUs: u32,
  windowBytes: u32,
  seq: u16,
  ack: u16,
});

test('a header is read as it was written', () => {
  fc.assert(
    fc.property(fields, fc.nat(100), (written, payloadBytes) => {
      const bytes = new Uint8Array(20 + payloadBytes);
      writeHeader(bytes, written);
      const packet = new UtpPacket();
      assert.ok(readPacket(bytes, packet));
      const { type, connectionId, timestampUs, differenceUs, windowBytes, seq, ack } = packet;
      assert.equal({ type, connectionId, timestampUs, differenceUs, windowBytes, seq, ack }, { ...written });
      assert.equal([packet.payloadAt, packet.sackBytes, packet.longestBytes], [20, 0, 0]);
    }),
  );
});

test('extensions: ours is found behind the one that libtorrent and libutp know, unknown ones are passed over', () => {
  const bytes = new Uint8Array(GREETING_BYTES);
  writeHeader(bytes, { ...new UtpPacket(), type: 4 });
  writeLongest(bytes, 16_384);
  const packet = new UtpPacket();
  assert.ok(readPacket(bytes, packet));
  assert.equal([packet.longestBytes, packet.payloadAt], [16_384, GREETING_BYTES]);
  assert.is(bytes[1], 2, 'libutp takes a higher first number for an older protocol');
  const chain = new Uint8Array([...bytes.subarray(0, 20), 200, 3, 9, 9, 9, 0, 1, 7, 42]);
  chain[1] = 199;
  assert.ok(readPacket(chain, packet));
  assert.is(packet.payloadAt, 28);
});

test('what is cut short, of another version or type, or lies about lengths is refused', () => {
  const bytes = new Uint8Array(GREETING_BYTES);
  writeHeader(bytes, { ...new UtpPacket(), type: 4 });
  writeLongest(bytes, 16_384);
  const packet = new UtpPacket();
  for (let length = 0; length < bytes.length; length++)
    assert.not(readPacket(bytes.subarray(0, length), packet));
  for (const first of [0x02, 0x10, 0x51, 0x64, 0xf1]) {
    assert.not(readPacket(Uint8Array.of(first, ...new Uint8Array(19)), packet));
  }
});

test('a mask says exactly what came before its turn', () => {
  fc.assert(
    fc.property(
      u16,
      fc.uniqueArray(fc.integer({ min: 1, max: 500 }), { minLength: 1 }),
      (awaited, aheads) => {
        const reorder = new ReorderBuffer({ packetsMax: 512 });
        for (const ahead of aheads) {
          assert.ok(reorder.put((awaited + ahead) & 0xffff, ahead, Uint8Array.of(ahead)));
          assert.not(reorder.put((awaited + ahead) & 0xffff, ahead, Uint8Array.of(0)), 'once');
        }
        const bytes = new Uint8Array(300).fill(255);
        const length = reorder.writeMask(bytes, SACK_MASK_AT, (awaited + 1) & 0xffff, 252);
        assert.is(length, 4 * Math.ceil(Math.max(...aheads) / 32));
        writeSackHead(bytes, length);
        for (let ahead = 1; ahead <= 8 * length; ahead++) {
          const bit = (bytes[SACK_MASK_AT + ((ahead - 1) >> 3)]! >> ((ahead - 1) & 7)) & 1;
          assert.is(bit, aheads.includes(ahead) ? 1 : 0);
        }
        for (let ahead = 1; ahead <= 500; ahead++) {
          const found = reorder.take((awaited + ahead) & 0xffff);
          assert.is(found?.[0], aheads.includes(ahead) ? ahead & 255 : undefined);
        }
        assert.equal([reorder.count, reorder.byteLength], [0, 0]);
      },
    ),
  );
});

test('what is too far ahead is not kept', () => {
  const reorder = new ReorderBuffer({ packetsMax: 64 });
  assert.ok(reorder.put(63, 63, new Uint8Array(1)));
  assert.not(reorder.put(64, 64, new Uint8Array(1)));
});

test('a ring of packets grows and goes round without mixing them up', () => {
  fc.assert(
    fc.property(u16, fc.array(fc.integer({ min: -60, max: 60 }), { maxLength: 60 }), (first, steps) => {
      const ring = new SendRing(first);
      const expected: number[] = [];
      let made = 0;
      for (const step of steps) {
        for (let i = 0; i < step; i++) {
          expected.push(made);
          ring.push(Uint8Array.of(made & 255), made);
          made++;
        }
        for (let i = 0; i < -step && expected.length > 0; i++) {
          assert.is(ring.shift()[0], expected.shift()! & 255);
        }
        assert.is(ring.count, expected.length);
        assert.is(ring.next, (first + made) & 0xffff);
        expected.forEach((number, i) => {
          assert.is(ring.payloadBytes((ring.first + i) & 0xffff), number);
        });
      }
    }),
  );
});

test.run();
