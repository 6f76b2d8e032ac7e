// Aim: both twins of the cell ciphers give the official AES vectors, go on at any byte, keep to their bounds, and leave
// neither keys nor key stream behind. One suite for all of them.
import { createCipheriv } from 'node:crypto';
import { suite as uvuSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { AlliumError } from '../../engine/codec/error.ts';
import type { AesKeyBytes, CipherId } from '../../engine/kernels/aes.ts';
import { NativeCellCiphers } from '../../engine/kernels/aes-native.ts';
import { TWINS, type Twin } from './aes-twins.ts';
import { FREE_START, fromHex, kernelsOver, toHex } from './kernel-memory.ts';

const suite = uvuSuite('cell ciphers');

/** SP 800-38A, F.5: the counter block and the message that all its CTR examples share. */
const COUNTER = fromHex('f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff');
const MESSAGE = fromHex(
  '6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51' +
    '30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710',
);
const SP_800_38A = [
  {
    name: 'F.5.1 CTR-AES128',
    key: '2b7e151628aed2a6abf7158809cf4f3c',
    result:
      '874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff' +
      '5ae4df3edbd5d35e5b4f09020db03eab1e031dda2fbe03d1792170a0f3009cee',
  },
  {
    name: 'F.5.5 CTR-AES256',
    key: '603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4',
    result:
      '601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5' +
      '2b0930daa23de94ce87017ba2d84988ddfc9c58db67aada613c2dd08457941a6',
  },
];
/** FIPS 197, C: the block 00112233…ff under the key 000102…; as a counter block its result is key stream. */
const FIPS_197 = [
  { name: 'C.1 AES-128', keyBytes: 16 as const, result: '69c4e0d86a7b0430d8cdb78070b4c55a' },
  { name: 'C.3 AES-256', keyBytes: 32 as const, result: '8ea2b7ca516745bfeafc49904b496089' },
];

const CELLS = { capacity: 4, cellCountMax: 8 };

function counting(length: number, factor = 1): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => i * factor);
}

/** Runs `data` through a cipher, in one cell at the start of the free memory. */
function through(twin: Twin, cipher: CipherId, data: Uint8Array, shift = 0): Uint8Array {
  const at = twin.dataAt + shift;
  twin.kernels.bytes.set(data, at);
  twin.batch.add(cipher, at, data.length);
  twin.batch.run();
  return twin.kernels.bytes.slice(at, at + data.length);
}

function expected(key: Uint8Array, counter: Uint8Array, data: Uint8Array): string {
  return toHex(createCipheriv(`aes-${key.length * 8}-ctr`, key, counter).update(data));
}

function errorCode(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return error instanceof AlliumError ? error.code : (error as Error).name;
  }
  return 'nothing thrown';
}

for (const [name, make] of TWINS) {
  for (const vector of SP_800_38A) {
    suite(`${name}: SP 800-38A ${vector.name}`, () => {
      const key = fromHex(vector.key);
      const twin = make({ ...CELLS, keyBytes: key.length as AesKeyBytes });
      assert.is(toHex(through(twin, twin.batch.open(key, COUNTER), MESSAGE)), vector.result);
      const back = through(twin, twin.batch.open(key, COUNTER), fromHex(vector.result));
      assert.is(toHex(back), toHex(MESSAGE), 'decrypts');
    });
  }

  for (const vector of FIPS_197) {
    suite(`${name}: FIPS 197 ${vector.name}`, () => {
      const twin = make({ ...CELLS, keyBytes: vector.keyBytes });
      const cipher = twin.batch.open(counting(vector.keyBytes), counting(16, 0x11));
      assert.is(toHex(through(twin, cipher, new Uint8Array(16))), vector.result);
    });
  }

  suite(`${name}: goes on after 509 bytes, 13 into a block`, () => {
    const twin = make({ ...CELLS, keyBytes: 16 });
    const cipher = twin.batch.open(counting(16), COUNTER);
    const data = counting(509 * 20, 7);
    let result = '';
    for (let i = 0; i < 20; i += 1)
      result += toHex(through(twin, cipher, data.subarray(i * 509, i * 509 + 509), i));
    assert.is(result, expected(counting(16), COUNTER, data));
  });

  suite(`${name}: the counter carries over all its 16 bytes`, () => {
    for (const last of [0xff, 0xf0, 0xe1, 0x00]) {
      const counter = new Uint8Array(16).fill(0xff);
      counter[15] = last;
      const twin = make({ ...CELLS, keyBytes: 32 });
      const data = counting(16 * 600, 3);
      const result = through(twin, twin.batch.open(counting(32), counter), data);
      assert.is(toHex(result), expected(counting(32), counter, data), `from ${last}`);
    }
  });

  suite(`${name}: several cells of one cipher and of others in one run`, () => {
    const twin = make({ ...CELLS, keyBytes: 16 });
    const keys = [counting(16), counting(16, 3), counting(16, 5)];
    const ciphers = keys.map((key) => twin.batch.open(key, COUNTER));
    // Cell i goes to cipher i mod 3; more cells than a run holds.
    const cells = Array.from({ length: 20 }, (_, i) => counting(498 + (i % 5), i + 1));
    cells.forEach((cell, i) => {
      twin.kernels.bytes.set(cell, twin.dataAt + i * 514);
      twin.batch.add(ciphers[i % 3]!, twin.dataAt + i * 514, cell.length);
    });
    twin.batch.run();
    const result = (i: number): Uint8Array =>
      twin.kernels.bytes.slice(twin.dataAt + i * 514, twin.dataAt + i * 514 + cells[i]!.length);
    keys.forEach((key, k) => {
      const own = cells.map((_, i) => i).filter((i) => i % 3 === k);
      const plain = Buffer.concat(own.map((i) => cells[i]!));
      assert.is(toHex(Buffer.concat(own.map(result))), expected(key, COUNTER, plain), `cipher ${k}`);
    });
  });

  suite(`${name}: an empty cell changes nothing, an empty run neither`, () => {
    const twin = make({ ...CELLS, keyBytes: 16 });
    const cipher = twin.batch.open(counting(16), COUNTER);
    twin.batch.run();
    through(twin, cipher, new Uint8Array(0));
    assert.is(toHex(through(twin, cipher, MESSAGE)), expected(counting(16), COUNTER, MESSAGE));
  });

  suite(`${name}: cells touch only their own bytes`, () => {
    const twin = make({ ...CELLS, keyBytes: 16 });
    const cipher = twin.batch.open(counting(16), COUNTER);
    twin.kernels.bytes.fill(0xa5, twin.dataAt, twin.dataAt + 2000);
    twin.batch.add(cipher, twin.dataAt + 777, 501);
    twin.batch.run();
    const around = twin.kernels.bytes.slice(twin.dataAt, twin.dataAt + 2000);
    assert.ok(around.subarray(0, 777).every((byte) => byte === 0xa5));
    assert.ok(around.subarray(777 + 501).every((byte) => byte === 0xa5));
  });

  suite(`${name}: closing finishes the cells and leaves only zeros`, () => {
    const twin = make({ ...CELLS, keyBytes: 32 });
    const memory = (): Uint8Array =>
      twin.kernels.bytes.slice(twin.ciphersAt, twin.ciphersAt + twin.ciphersBytes);
    const cipher = twin.batch.open(counting(32, 9), COUNTER);
    through(twin, cipher, MESSAGE);
    assert.ok(
      memory().some((byte) => byte !== 0),
      'something lies there while it is open',
    );
    twin.kernels.bytes.set(MESSAGE, twin.dataAt);
    twin.batch.add(cipher, twin.dataAt, MESSAGE.length);
    twin.batch.close(cipher);
    assert.is.not(toHex(twin.kernels.bytes.slice(twin.dataAt, twin.dataAt + MESSAGE.length)), toHex(MESSAGE));
    assert.ok(memory().every((byte) => byte === 0));
  });

  suite(`${name}: refuses more ciphers than it has room for, and takes them again after a close`, () => {
    const twin = make({ ...CELLS, keyBytes: 16 });
    const open = (): CipherId => twin.batch.open(counting(16), COUNTER);
    const ciphers = Array.from({ length: CELLS.capacity }, open);
    assert.is(new Set(ciphers).size, CELLS.capacity);
    assert.is(errorCode(open), 'SLAB_FULL');
    twin.batch.close(ciphers[2]!);
    const again = open();
    assert.is(
      toHex(through(twin, again, MESSAGE)),
      expected(counting(16), COUNTER, MESSAGE),
      'starts afresh',
    );
  });

  suite(`${name}: refuses what its caller cannot mean`, () => {
    const twin = make({ ...CELLS, keyBytes: 16 });
    const { batch, kernels } = twin;
    const cipher = batch.open(counting(16), COUNTER);
    assert.is(
      errorCode(() => batch.open(counting(32), COUNTER)),
      'RangeError',
    );
    assert.is(
      errorCode(() => batch.open(counting(16), counting(15))),
      'RangeError',
    );
    assert.is(
      errorCode(() => batch.add(cipher, kernels.bytes.length - 10, 11)),
      'RangeError',
    );
    assert.is(
      errorCode(() => batch.add(cipher, -1, 1)),
      'RangeError',
    );
    assert.is(
      errorCode(() => batch.add((cipher + 1) as CipherId, twin.dataAt, 1)),
      'RangeError',
    );
    batch.close(cipher);
    assert.is(
      errorCode(() => batch.close(cipher)),
      'RangeError',
    );
    assert.is(
      errorCode(() => make({ ...CELLS, cellCountMax: 0, keyBytes: 16 })),
      'RangeError',
    );
  });
}

suite('native: an idle cipher has little key stream ahead, a busy one as much as it may', () => {
  const kernels = kernelsOver('plain', 4 << 20);
  const batch = new NativeCellCiphers(
    { capacity: 1, keyBytes: 16, cellCountMax: 4, offset: FREE_START + 65536, aheadBytesMax: 4096 },
    { kernels },
  );
  const cipher = batch.open(counting(16), COUNTER);
  const aheadBytes = (): number => {
    const stream = kernels.bytes.slice(FREE_START + 65536, FREE_START + 65536 + 4096);
    return stream.reduce((last, byte, i) => (byte === 0 ? last : i + 1), 0);
  };
  const cell = (): void => {
    batch.add(cipher, FREE_START, 500);
    batch.run();
  };
  cell();
  assert.is(aheadBytes(), 512);
  for (let i = 0; i < 30; i += 1) cell();
  assert.ok(aheadBytes() > 2048 && aheadBytes() <= 4096);
  for (let i = 0; i < 1000; i += 1) batch.run();
  const seen = Array.from({ length: 9 }, () => {
    cell();
    return aheadBytes();
  });
  assert.ok(seen.includes(512), `${seen}`);
});

suite('native: refuses a bad size of its key stream', () => {
  const kernels = kernelsOver('plain', 65536);
  for (const aheadBytesMax of [0, 256, 1000, Number.NaN]) {
    const options = {
      capacity: 1,
      keyBytes: 16,
      cellCountMax: 1,
      offset: FREE_START,
      aheadBytesMax,
    } as const;
    assert.throws(() => new NativeCellCiphers(options, { kernels }), /multiple of 64/);
  }
});

suite.run();
