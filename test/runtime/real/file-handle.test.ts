/** Aim: reads and writes go on until all is done, whatever the system does at a time, and never for ever. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fileError, systemError } from '../../../engine/runtime/real/file-error.ts';
import { createFileHandle, type VectoredCalls } from '../../../engine/runtime/real/file-handle.ts';
import { codeOf } from '../conformance/errors.ts';
import { pattern, sameBytes } from '../conformance/pair.ts';

const test = suite('file handle');

interface Tape {
  readonly content: Uint8Array;
  readonly calls: { readonly buffers: number; readonly position: number }[];
}

/** A disk that moves at most `chunk` bytes a call. */
function slowDisk(tape: Tape, chunk: number): VectoredCalls {
  const move =
    (write: boolean): VectoredCalls['readv'] =>
    (_fd, buffers, position, done) => {
      tape.calls.push({ buffers: buffers.length, position });
      let moved = 0;
      for (const bytes of buffers) {
        const length = Math.min(bytes.length, chunk - moved, tape.content.length - position - moved);
        const there = tape.content.subarray(position + moved, position + moved + length);
        if (write) there.set(bytes.subarray(0, length));
        else bytes.set(there);
        moved += length;
      }
      done(null, moved);
    };
  return { readv: move(false), writev: move(true) };
}

test('a system that does it piece by piece', async () => {
  const tape: Tape = { content: new Uint8Array(1000), calls: [] };
  const handle = createFileHandle({ fd: -1, path: 'x' }, slowDisk(tape, 13));
  const parts = [pattern(20, 1), new Uint8Array(0), pattern(13, 2), pattern(200, 3)];
  await handle.writev(parts, 7);
  sameBytes(tape.content.subarray(7, 240), Buffer.concat(parts), 'written');
  const targets = [50, 0, 900].map((length) => new Uint8Array(length));
  assert.is(await handle.readv(targets, 100), 900);
  sameBytes(Buffer.concat(targets).subarray(0, 900), tape.content.subarray(100), 'read');
});

test('no more than 1,024 buffers a call', async () => {
  const tape: Tape = { content: new Uint8Array(5000), calls: [] };
  const handle = createFileHandle({ fd: -1, path: 'x' }, slowDisk(tape, 1 << 20));
  await handle.writev(
    Array.from({ length: 2049 }, () => pattern(2)),
    0,
  );
  assert.equal(tape.calls, [
    { buffers: 1024, position: 0 },
    { buffers: 1024, position: 2048 },
    { buffers: 1, position: 4096 },
  ]);
});

test('a system that takes nothing and says nothing is an error, not a loop', async () => {
  const tape: Tape = { content: new Uint8Array(10), calls: [] };
  const handle = createFileHandle({ fd: -1, path: 'x' }, slowDisk(tape, 100));
  assert.is(await codeOf(handle.writev([pattern(11)], 0)), 'IO_FAILED');
});

test('writes take turns, reads do not wait for them, and a write that fails holds up nobody', async () => {
  const begun: number[] = [];
  const waiting: (() => void)[] = [];
  const handle = createFileHandle(
    { fd: -1, path: 'x' },
    {
      readv: (_fd, buffers, _position, done) => done(null, buffers[0]?.length ?? 0),
      writev: (_fd, buffers, position, done) => {
        begun.push(position);
        waiting.push(() => done(position === 0 ? systemError('ENOSPC') : null, buffers[0]?.length ?? 0));
      },
    },
  );
  const writes = [0, 100, 200].map((position) => codeOf(handle.writev([pattern(10)], position)));
  assert.is(await handle.readv([new Uint8Array(5)], 0), 5);
  for (const expected of [[0], [0, 100], [0, 100, 200]]) {
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(begun, expected);
    waiting.shift()?.();
  }
  assert.equal(await Promise.all(writes), ['NO_SPACE', 'none', 'none']);
});

test('every refusal of the system has its code and an advice', () => {
  const expected = {
    ENOSPC: 'NO_SPACE',
    EDQUOT: 'NO_SPACE',
    EFBIG: 'NO_SPACE',
    EACCES: 'NO_PERMISSION',
    EPERM: 'NO_PERMISSION',
    EROFS: 'NO_PERMISSION',
    ENOENT: 'NOT_FOUND',
    EISDIR: 'WRONG_KIND',
    ENOTDIR: 'WRONG_KIND',
    ENOTEMPTY: 'WRONG_KIND',
    EEXIST: 'WRONG_KIND',
    ELOOP: 'WRONG_KIND',
    EIO: 'IO_FAILED',
    EMFILE: 'IO_FAILED',
    ESTALE: 'IO_FAILED',
  };
  for (const [system, code] of Object.entries(expected)) {
    const cause = systemError(system);
    const error = fileError(cause, 'open', '/some/where');
    assert.is(error.code, code, system);
    assert.is(error.message, `cannot open /some/where: ${system}`);
    assert.is.not(error.advice, '');
    assert.is(error.cause, cause);
  }
  const ours = fileError(systemError('EIO'), 'read', 'x');
  assert.is(fileError(ours, 'write', 'y'), ours, 'an error of ours stays as it is');
});

test.run();
