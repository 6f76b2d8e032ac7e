// Aim: POLYVAL gives the official vectors of RFC 8452, and Counter Galois Onion those of C tor and arti, cell and state
// alike, on both builds.
import { createHash } from 'node:crypto';
import { suite as uvuSuite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Kernels } from '../../engine/kernels/module.ts';
import {
  CGO_CLIENT_ORIGINATE,
  CGO_RELAY,
  CGO_RELAY_ORIGINATE,
  CGO_WIDE_BLOCK,
  type CgoStateVector,
} from './cgo-vectors.ts';
import { FLAVOURS, FREE_START, fromHex, kernelsOver, toHex } from './kernel-memory.ts';
import { ReferenceCgo, referencePolyval } from './relay-reference.ts';

const suite = uvuSuite('counter galois onion');

/** RFC 8452, appendix A, and the POLYVAL inputs and results of appendix C.1. */
const POLYVAL = [
  {
    key: '25629347589242761d31f826ba4b757b',
    data: '4f4f95668c83dfb6401762bb2d01a262d1a24ddd2721d006bbe45f20d3c9f362',
    result: 'f7a3b47b846119fae5b7866cf5e5b77e',
  },
  {
    key: 'd9b360279694941ac5dbc6987ada7377',
    data: '0100000000000000000000000000000000000000000000004000000000000000',
    result: 'eb93b7740962c5e49d2a90a7dc5cec74',
  },
  {
    key: 'd9b360279694941ac5dbc6987ada7377',
    data: '010000000000000000000000000000000200000000000000000000000000000000000000000000000001000000000000',
    result: 'ce6edc9a50b36d9a98986bbf6a261c3b',
  },
];

const WORK_AT = FREE_START;
const RECORDS_AT = FREE_START + 12288;
const OUTCOMES_AT = RECORDS_AT + 64;
const TAGS_AT = OUTCOMES_AT + 64;
const BODY_AT = TAGS_AT + 64 + 5;
const STATES_AT = FREE_START + 16384;
const INPUT_AT = STATES_AT + 16384;
const LAST_TAG_AT = 32;

function putState(kernels: Kernels, hop: number, { keys, nonce, lastTag }: CgoStateVector): number {
  const { bytes, exports } = kernels;
  const at = STATES_AT + hop * exports.cgoStateBytes();
  bytes.set(fromHex(keys + nonce), INPUT_AT);
  exports.cgoStart(at, INPUT_AT, WORK_AT);
  bytes.set(fromHex(lastTag), at + LAST_TAG_AT);
  return at;
}

function stateOf(kernels: Kernels, hop: number): string {
  const at = STATES_AT + hop * kernels.exports.cgoStateBytes();
  return toHex(kernels.bytes.slice(at, at + kernels.exports.cgoStateBytes()));
}

/** The state as it should be, made afresh. */
function freshState(kernels: Kernels, state: CgoStateVector): string {
  putState(kernels, 9, state);
  return stateOf(kernels, 9);
}

function run(
  kernels: Kernels,
  kernel: 'cgoRelayCells' | 'clientLayerCells',
  words: number[],
  body: string,
): string {
  kernels.bytes.set(fromHex(body), BODY_AT);
  new Uint32Array(kernels.memory.buffer, RECORDS_AT, 4).set(words);
  kernels.exports[kernel](RECORDS_AT, 1, OUTCOMES_AT, TAGS_AT, WORK_AT);
  return toHex(kernels.bytes.slice(BODY_AT, BODY_AT + 509));
}

/** The same bytes every time. */
function chance(byteLength: number, seed: number): Uint8Array {
  return createHash('shake256', { outputLength: byteLength }).update(String(seed)).digest();
}

for (const flavour of FLAVOURS) {
  const kernels = kernelsOver(flavour, 1 << 20);

  POLYVAL.forEach(({ key, data, result }, i) => {
    suite(`${flavour}: RFC 8452 POLYVAL ${i}`, () => {
      kernels.bytes.set(fromHex(key), INPUT_AT + 16);
      kernels.bytes.set(fromHex(data), INPUT_AT + 32);
      kernels.exports.polyvalSum(INPUT_AT, INPUT_AT + 16, INPUT_AT + 32, data.length / 32, WORK_AT);
      assert.is(toHex(kernels.bytes.slice(INPUT_AT, INPUT_AT + 16)), result);
      assert.is(toHex(referencePolyval(fromHex(key), fromHex(data))), result, 'the reference too');
    });
  });

  suite(`${flavour}: POLYVAL of 1 to 36 blocks, with bits all over`, () => {
    for (let blocks = 1; blocks <= 36; blocks += 1) {
      // Every third input has all bits set, which must carry nowhere.
      const input =
        blocks % 3 === 0 ? Buffer.alloc(16 * blocks + 16, 0xff) : chance(16 * blocks + 16, blocks);
      kernels.bytes.set(input, INPUT_AT + 16);
      kernels.exports.polyvalSum(INPUT_AT, INPUT_AT + 16, INPUT_AT + 32, blocks, WORK_AT);
      const expected = toHex(referencePolyval(input.subarray(0, 16), input.subarray(16)));
      assert.is(toHex(kernels.bytes.slice(INPUT_AT, INPUT_AT + 16)), expected, `${blocks} blocks`);
    }
    const work = kernels.bytes.slice(WORK_AT, WORK_AT + 1536);
    assert.ok(
      work.every((byte) => byte === 0),
      'nothing of the key is left',
    );
  });

  CGO_WIDE_BLOCK.forEach(({ encrypts, keys, lastTag, command, body, result }, i) => {
    suite(`${flavour}: wide block ${i}`, () => {
      const at = putState(kernels, 0, { keys, nonce: '5a'.repeat(16), lastTag });
      const cell = Number.parseInt(command, 16) << 8;
      const got = encrypts
        ? run(kernels, 'cgoRelayCells', [at, BODY_AT, 1 | cell, 0], body)
        : run(kernels, 'clientLayerCells', [at, BODY_AT, 0 | cell | (1 << 16), 0], body);
      assert.is(got, result);
    });
  });

  CGO_RELAY.forEach(({ backward, before, command, body, after, result }, i) => {
    suite(`${flavour}: relay ${i}, ${backward ? 'backward' : 'forward'}`, () => {
      const at = putState(kernels, 0, before);
      const action = (backward ? 1 : 0) | (Number.parseInt(command, 16) << 8);
      assert.is(run(kernels, 'cgoRelayCells', [at, BODY_AT, action, 0], body), result);
      assert.is(stateOf(kernels, 0), freshState(kernels, after));
    });
  });

  CGO_RELAY_ORIGINATE.forEach(({ before, command, body, after, result }, i) => {
    suite(`${flavour}: relay originates ${i}`, () => {
      const at = putState(kernels, 0, before);
      const action = 2 | (Number.parseInt(command, 16) << 8);
      assert.is(run(kernels, 'cgoRelayCells', [at, BODY_AT, action, 0], body), result);
      assert.is(stateOf(kernels, 0), freshState(kernels, after));
      assert.is(toHex(kernels.bytes.slice(TAGS_AT, TAGS_AT + 16)), after.lastTag);
    });
  });

  CGO_CLIENT_ORIGINATE.forEach(({ before, hop, command, body, after, result }, i) => {
    suite(`${flavour}: client originates ${i}, for hop ${hop}`, () => {
      before.forEach((state, at) => {
        putState(kernels, at, state);
      });
      const action = 1 | (Number.parseInt(command, 16) << 8) | ((hop - 1) << 16);
      const words = [STATES_AT, BODY_AT, action, kernels.exports.cgoStateBytes()];
      assert.is(run(kernels, 'clientLayerCells', words, body), result);
      after.forEach((state, at) => {
        assert.is(stateOf(kernels, at), freshState(kernels, state), `hop ${at}`);
      });
    });
  });
}

suite('the reference gives the vectors of relays too', () => {
  for (const { backward, before, command, body, result } of CGO_RELAY) {
    const reference = new ReferenceCgo(fromHex(before.keys + before.nonce));
    reference.lastTag = fromHex(before.lastTag);
    const cell = fromHex(body);
    if (backward) reference.relay(cell, Number.parseInt(command, 16), false);
    else reference.relayForward(cell, Number.parseInt(command, 16));
    assert.is(toHex(cell), result);
  }
});

suite.run();
