/** Aim: the ciphers of OpenSSL that are kept for Counter Galois Onion are bounded by its directions and go with them. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CgoStreams } from '../../engine/kernels/cgo-streams.ts';
import { scratchOffset } from '../../engine/kernels/memory-map.ts';
import { loadKernels } from '../../engine/kernels/module.ts';
import { Slab } from '../../engine/kernels/slab.ts';

const kept = suite('kept ciphers of CGO');
const DIRECTIONS = 6;
const STATE_BYTES = 320;
const CELLS = 4;

kept('there are as many as directions that pass cells on, and none after they are closed', () => {
  const slab = new Slab({ slotCount: 16, threadCountMax: 1 });
  const kernels = loadKernels({ memory: slab.memory, scratchOffset: scratchOffset(slab.takeThread()) });
  const statesAt = Math.ceil(slab.tryLease(8, 'states')!.offset / 64) * 64;
  const streams = new CgoStreams(
    {
      ...{ directionCount: DIRECTIONS, cellCountMax: DIRECTIONS * CELLS },
      ...{ statesAt, stateStride: STATE_BYTES, offset: statesAt + DIRECTIONS * STATE_BYTES },
    },
    { kernels },
  );
  const pass = (): void => {
    for (let direction = 0; direction < DIRECTIONS; direction += 1) {
      for (let cell = 0; cell < CELLS; cell += 1) streams.add(direction);
    }
    streams.begin();
    streams.make();
    streams.end();
  };
  pass();
  assert.is(streams.keptCount, 0, 'not before keys have shown that they stay');
  for (let batch = 0; batch < 40; batch += 1) pass();
  assert.is(streams.keptCount, DIRECTIONS, 'one each, however much they pass on');
  for (let direction = 0; direction < DIRECTIONS; direction += 1) streams.close(direction);
  assert.is(streams.keptCount, 0);
});

kept.run();
