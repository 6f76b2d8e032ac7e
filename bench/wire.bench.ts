/**
 * The wire codec: what a seeder pays for each request it decodes and each block header it writes, and a leecher for
 * each request it writes and each block header it reads. Every case works off 1,000 messages per call.
 *
 *   npm run build && node dist/bench/wire.bench.js
 */
import { pathToFileURL } from 'node:url';
import { Bench } from 'tinybench';
import { decodeMessage } from '../engine/bittorrent/wire/decode.ts';
import {
  blockNumbers,
  decodeBlockRequest,
  decodePieceHeader,
  decodePieceIndex,
} from '../engine/bittorrent/wire/decode-block.ts';
import {
  HAVE_FRAME_BYTES,
  REQUEST_FRAME_BYTES,
  writeHave,
  writePieceHeader,
  writeRequest,
} from '../engine/bittorrent/wire/encode.ts';
import { peekMessage } from '../engine/bittorrent/wire/frame.ts';
import { WIRE_LIMITS_DEFAULT, type WireRules } from '../engine/bittorrent/wire/rules.ts';
import { BLOCK_BYTES, FRAME_HEADER_BYTES } from '../engine/kernels/types.ts';

const MESSAGES = 1000;
const PIECE_BYTES = 1 << 20;

const rules: WireRules = {
  limits: WIRE_LIMITS_DEFAULT,
  pieceCount: 50_000,
  pieceByteLength: () => PIECE_BYTES,
  fast: true,
  extended: true,
  hashes: true,
};

/** Calls `each` with the place of every frame of a stream. */
function eachFrame(bytes: Uint8Array, each: (start: number, end: number) => void): void {
  const head = { byteLength: 0, id: 0 };
  for (let at = 0; at < bytes.length; at += head.byteLength) {
    if (peekMessage(bytes, at, bytes.length, rules, head) !== 'ok') throw new Error('bad frame');
    each(at + 4, at + head.byteLength);
  }
}

/** Adds the cases to `bench`. */
export function addWireCases(bench: Bench): void {
  const requests = new Uint8Array(MESSAGES * REQUEST_FRAME_BYTES);
  const haves = new Uint8Array(MESSAGES * HAVE_FRAME_BYTES);
  const headers = new Uint8Array(MESSAGES * FRAME_HEADER_BYTES);
  const fill = (): void => {
    for (let index = 0; index < MESSAGES; index++) {
      const begin = (index % 64) * BLOCK_BYTES;
      writeRequest(requests, index * REQUEST_FRAME_BYTES, index, begin, BLOCK_BYTES);
      writeHave(haves, index * HAVE_FRAME_BYTES, index);
      writePieceHeader(headers, index * FRAME_HEADER_BYTES, index, begin, BLOCK_BYTES);
    }
  };
  fill();
  const out = blockNumbers();
  let sum = 0;
  bench.add('1,000 REQUESTs: peek and decode into numbers', () => {
    eachFrame(requests, (start, end) => {
      if (decodeBlockRequest(requests, start, end, rules, out) === undefined) sum += out.begin;
    });
  });
  bench.add('1,000 REQUESTs: peek and decode into objects', () => {
    eachFrame(requests, (start, end) => {
      const result = decodeMessage(requests, start, end, rules);
      if (result.ok && result.message.kind === 'request') sum += result.message.begin;
    });
  });
  bench.add('1,000 HAVEs: peek and decode', () => {
    eachFrame(haves, (start, end) => {
      const piece = decodePieceIndex(haves, start, end, rules);
      if (typeof piece === 'number') sum += piece;
    });
  });
  bench.add('1,000 block headers: decode', () => {
    for (let at = 0; at < headers.length; at += FRAME_HEADER_BYTES) {
      if (decodePieceHeader(headers, at, rules, out) === undefined) sum += out.begin;
    }
  });
  bench.add('1,000 REQUESTs, HAVEs and block headers: write', fill);
  if (sum < 0) throw new Error('the sum keeps the work from being optimised away');
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const bench = new Bench({ name: 'wire', time: 500 });
  addWireCases(bench);
  await bench.run();
  console.table(bench.table());
}
