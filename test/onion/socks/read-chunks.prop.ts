/**
 * Aim: bytes that were read stay as they are until whoever got them lets go, whatever is read meanwhile; and what is
 * let go of is used again, so that a connection holds no more memory than what waits needs.
 */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CHUNK_BYTES, ChunkPool, ReadChunks } from '../../../engine/onion/socks/read-chunks.ts';

const chunks = suite('memory of reads');

chunks('nothing is written over that somebody still needs', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('read' as const), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
    fc.record({ kind: fc.constant('release' as const), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const reads = new ReadChunks(new ChunkPool());
      const held: { bytes: Uint8Array; mark: number; release: () => void }[] = [];
      let target = reads.target();
      let mark = 0;
      for (const { kind, share } of steps) {
        if (kind === 'read') {
          assert.ok(target.length >= 2048, 'room for a read worth its call');
          const length = Math.max(1, Math.floor(share * target.length));
          mark = (mark + 1) % 256;
          target.fill(mark, 0, length);
          held.push({ mark, ...reads.take(length) });
          target = reads.target();
        } else {
          held.splice(Math.floor(share * held.length), 1)[0]?.release();
        }
        for (const one of held) {
          assert.ok(
            one.bytes.every((byte) => byte === one.mark),
            'as it was read',
          );
        }
      }
    }),
    { numRuns: 60 },
  );
});

chunks('what was let go of is used again', () => {
  const pool = new ChunkPool();
  const reads = new ReadChunks(pool);
  const seen = new Set<ArrayBufferLike>();
  for (let round = 0; round < 50; round++) {
    const one = reads.target();
    seen.add(one.buffer);
    const first = reads.take(CHUNK_BYTES);
    seen.add(reads.target().buffer);
    const second = reads.take(CHUNK_BYTES);
    seen.add(reads.target().buffer);
    first.release();
    second.release();
  }
  assert.ok(seen.size <= 4, `${seen.size} chunks`);
});

chunks('the pool keeps a bounded number of chunks', () => {
  const pool = new ChunkPool();
  const connections = Array.from({ length: 300 }, () => new ReadChunks(pool));
  for (const reads of connections) reads.target();
  for (const reads of connections) reads.close();
  assert.is(pool.freeCount, 256);
});

chunks('a part let go of after the end comes back once', () => {
  const pool = new ChunkPool();
  const reads = new ReadChunks(pool);
  reads.target();
  const part = reads.take(10);
  reads.close();
  assert.is(pool.freeCount, 0);
  part.release();
  assert.is(pool.freeCount, 1);
});

chunks.run();
