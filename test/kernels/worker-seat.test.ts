// Aim: no two workers sit in one seat of the slab, and a successor waits for its predecessor to be gone.
import { Worker } from 'node:worker_threads';
import { suite as uvuSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { freeSeat, takeSeat } from '../../engine/kernels/worker-seat.ts';

const suite = uvuSuite('seats of workers');

suite('each gets a seat of its own, and a freed one is given again', () => {
  const seats = new Int32Array(new SharedArrayBuffer(12));
  assert.equal([takeSeat(seats, 5), takeSeat(seats, 6), takeSeat(seats, 7)], [0, 1, 2]);
  freeSeat(seats, 6);
  freeSeat(seats, 99);
  assert.equal([...seats], [5, 0, 7]);
  assert.is(takeSeat(seats, 8), 1);
});

suite('one that finds no seat waits for it', async () => {
  const seats = new Int32Array(new SharedArrayBuffer(4));
  takeSeat(seats, 5);
  const source = `
    const { workerData, parentPort } = require('node:worker_threads');
    import(workerData.module).then(({ takeSeat }) => {
      parentPort.postMessage('there');
      parentPort.postMessage(takeSeat(workerData.seats, 6));
    });`;
  const module = new URL('../../engine/kernels/worker-seat.js', import.meta.url).href;
  const worker = new Worker(source, { eval: true, workerData: { seats, module } });
  const messages: unknown[] = [];
  worker.on('message', (message) => messages.push(message));
  const ended = new Promise((resolve) => worker.on('exit', resolve));
  while (messages.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(messages, ['there'], 'the seat is taken');
  freeSeat(seats, 5);
  await ended;
  assert.equal(messages, ['there', 0]);
});

suite('one for whom no seat comes free gives up', () => {
  const seats = new Int32Array(new SharedArrayBuffer(4));
  takeSeat(seats, 5);
  assert.throws(() => takeSeat(seats, 6, 30), /no free seat/);
});

suite.run();
