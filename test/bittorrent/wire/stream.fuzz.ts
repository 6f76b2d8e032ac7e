// Aim: 12,000 mutated message streams, cut at random places, end in messages or a counted fault: no exception, no
// hang, bounded memory, and the same outcome however the stream is cut. ALLIUM_FUZZ_SEED replays one stream.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as encode from '../../../engine/bittorrent/wire/encode.ts';
import { decodeExtensionHandshake } from '../../../engine/bittorrent/wire/extension-handshake.ts';
import { messageBytesMax } from '../../../engine/bittorrent/wire/frame.ts';
import { decodeHandshake } from '../../../engine/bittorrent/wire/handshake.ts';
import { WIRE_FAULTS } from '../../../engine/bittorrent/wire/rules.ts';
import type { Random } from '../../../engine/runtime/port.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { PIECE_BYTES, PIECE_COUNT, transcribe, wireRules } from './support.ts';

const STREAMS = 12_000;
const test = suite('wire fuzz');
const root = new Uint8Array(32);

/** One valid frame of a random kind, written at the start of `out`. */
function writeFrame(out: Uint8Array, random: Random): number {
  const piece = random.below(PIECE_COUNT - 1);
  const begin = random.below(PIECE_BYTES - 1000);
  const numbers = { piecesRoot: root, baseLayer: random.below(4), index: 0, hashCount: 2, proofLayers: 2 };
  switch (random.below(14)) {
    case 0:
      return encode.writeKeepAlive(out, 0);
    case 1:
      return encode.writeBare(out, 0, ([0, 1, 2, 3, 14, 15] as const)[random.below(6)]!);
    case 2:
      return encode.writePieceIndex(out, 0, ([4, 13, 17] as const)[random.below(3)]!, piece);
    case 3:
      return encode.writeBitfield(out, 0, new Uint8Array(Math.ceil(PIECE_COUNT / 8)));
    case 4:
    case 5:
      return encode.writeRequest(out, 0, piece, begin, 1 + random.below(1000));
    case 6:
      return encode.writeCancel(out, 0, piece, begin, 1 + random.below(1000));
    case 7:
      return encode.writeReject(out, 0, piece, begin, 1 + random.below(1000));
    case 8:
    case 9: {
      const payload = 1 + random.below(300);
      return encode.writePieceHeader(out, 0, piece, begin, payload) + payload;
    }
    case 10:
      return encode.writePort(out, 0, 1 + random.below(65535));
    case 11:
      return encode.writeExtended(out, 0, random.below(4), random.bytes(random.below(60)));
    case 12:
      return encode.writeHashRequest(out, 0, random.below(2) === 0 ? 21 : 23, numbers);
    default:
      return encode.writeHashes(out, 0, numbers, new Uint8Array(64 + 32 * random.below(3)));
  }
}

function validStream(random: Random): Uint8Array {
  const frames: Uint8Array[] = [];
  const out = new Uint8Array(2048);
  for (let count = 1 + random.below(12); count > 0; count--) {
    out.fill(random.below(256));
    frames.push(out.slice(0, writeFrame(out, random)));
  }
  return new Uint8Array(Buffer.concat(frames));
}

/** Changes bytes, cuts parts out, doubles parts, puts strange lengths in. */
function mutate(stream: Uint8Array, random: Random): Uint8Array {
  let bytes = stream.slice();
  for (let count = random.below(5); count > 0 && bytes.length > 0; count--) {
    const at = random.below(bytes.length);
    const length = Math.min(bytes.length - at, 1 + random.below(20));
    switch (random.below(5)) {
      case 0:
        bytes[at]! ^= 1 << random.below(8);
        break;
      case 1:
        bytes[at] = ([0, 1, 0x7f, 0x80, 0xff] as const)[random.below(5)]!;
        break;
      case 2:
        bytes = new Uint8Array(Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]));
        break;
      case 3:
        bytes = new Uint8Array(
          Buffer.concat([
            bytes.subarray(0, at + length),
            bytes.subarray(at, at + length),
            bytes.subarray(at + length),
          ]),
        );
        break;
      default:
        bytes.set(random.bytes(length), at);
    }
  }
  return bytes;
}

function cut(stream: Uint8Array, random: Random): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  const longest = ([1, 5, 17, 200, 4000] as const)[random.below(5)]!;
  for (let at = 0; at < stream.length; ) {
    const length = 1 + random.below(longest);
    chunks.push(stream.subarray(at, at + length));
    at += length;
  }
  return chunks;
}

const replay = process.env.ALLIUM_FUZZ_SEED;
const seeds = replay === undefined ? Array.from({ length: STREAMS }, (_, seed) => seed) : [Number(replay)];

test('mutated streams: no exception, the same outcome however they are cut, bounded memory', () => {
  const faults = new Map<string, number>();
  const longest = Math.max(...Array.from({ length: 256 }, (_, id) => messageBytesMax(id, wireRules()))) + 4;
  let decoded = 0;
  for (const seed of seeds) {
    const random = seededRandom(seed);
    const rules = wireRules({
      pieceCount: random.below(8) === 0 ? undefined : PIECE_COUNT,
      fast: random.below(4) !== 0,
      extended: random.below(4) !== 0,
      hashes: random.below(4) !== 0,
    });
    const stream = mutate(validStream(random), random);
    try {
      const whole = transcribe([stream], rules);
      const cutUp = transcribe(cut(stream, random), rules);
      assert.is(cutUp.fault, whole.fault);
      assert.is(cutUp.messages.length, whole.messages.length);
      assert.is(JSON.stringify(cutUp.messages), JSON.stringify(whole.messages));
      assert.ok(cutUp.heldMax <= longest, `holds ${cutUp.heldMax} bytes back`);
      decoded += whole.messages.length;
      if (whole.fault !== undefined) {
        assert.ok(WIRE_FAULTS.includes(whole.fault));
        faults.set(whole.fault, (faults.get(whole.fault) ?? 0) + 1);
      }
    } catch (error) {
      throw new Error(`ALLIUM_FUZZ_SEED=${seed} ${(error as Error).message}`, { cause: error });
    }
  }
  if (replay !== undefined) return;
  assert.ok(decoded > STREAMS, `the streams hold ${decoded} good messages`);
  for (const fault of WIRE_FAULTS) {
    if (fault === 'bad-handshake' || fault === 'bad-extension') continue;
    assert.ok((faults.get(fault) ?? 0) > 0, `no stream led to ${fault}`);
  }
});

test('the holding back of bytes does not grow with the stream', () => {
  const random = seededRandom(99);
  const before = process.memoryUsage().arrayBuffers;
  let heldMax = 0;
  for (let round = 0; round < 300; round++) {
    heldMax = Math.max(heldMax, transcribe(cut(validStream(random), random), wireRules()).heldMax);
  }
  assert.ok(heldMax < 2048);
  assert.ok(process.memoryUsage().arrayBuffers - before < 64 * 1024 * 1024);
});

test('random bytes as handshakes and extension handshakes are no exception either', () => {
  const seed = new TextEncoder().encode(
    'd1:md11:ut_metadatai3ee13:metadata_sizei31235e4:reqqi500e1:v6:Alliume',
  );
  for (let round = 0; round < 12_000; round++) {
    const random = seededRandom(round);
    const bytes = mutate(seed, random);
    const handshake = decodeExtensionHandshake(bytes);
    assert.ok(typeof handshake === 'object' || handshake === 'bad-extension');
    const noise = random.bytes(random.below(100));
    const verdict = decodeHandshake(noise, 0, noise.length);
    assert.ok(verdict === 'bad-handshake' || verdict === 'need-more');
  }
});

test.run();
