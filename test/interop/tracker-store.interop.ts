/**
 * Aim: trackers that share a store know each other's peers, go on answering while it is away, and lose no more than the
 * last seconds when it is killed and comes back with nothing.
 */
import * as assert from 'uvu/assert';
import { AlliumTracker } from './support/allium-tracker.ts';
import { interopSuite, peerPath } from './support/peers.ts';
import { freePort, RunningProgram, runToEnd, scratchFolder, until } from './support/program.ts';
import { proves } from './support/proves.ts';

const test = interopSuite('trackers over one store', ['redis-server']);

async function startStore(port: number): Promise<RunningProgram> {
  const words = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const store = new RunningProgram(peerPath('redis-server'), words, { cwd: scratchFolder() });
  await until('the store is ready', () => {
    if (!store.running) throw new Error(`redis-server has ended: ${store.stdout}`);
    return store.stdout.includes('Ready to accept connections');
  });
  return store;
}

const HASH = '%01%02%03%04%05%06%07%08%09%10%11%12%13%14%15%16%17%18%19%20';

/** Announces; returns the number of peers the tracker knows. */
async function announce(tracker: AlliumTracker, port: number, event = 'started'): Promise<number> {
  const query = `info_hash=${HASH}&peer_id=-AL0000-aaaaaaaaaaaa&port=${port}&uploaded=0&downloaded=0&left=1`;
  const answer = await fetch(`${tracker.http}?${query}&compact=1&event=${event}`);
  const text = Buffer.from(await answer.arrayBuffer()).toString('latin1');
  return Number(/10:incompletei(\d+)e/.exec(text)?.[1]);
}

/** Asks without leaving anything behind. */
async function known(tracker: AlliumTracker): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${tracker.port}/scrape?info_hash=${HASH}`);
  const text = Buffer.from(await answer.arrayBuffer()).toString('latin1');
  return Number(/10:incompletei(\d+)e/.exec(text)?.[1] ?? 0);
}

test(
  proves('peers of one are known to the other, also to one that comes later, and are forgotten together', [
    'our trackers over a shared store',
    'Redis',
  ]),
  async () => {
    const port = await freePort();
    const store = await startStore(port);
    const words = ['--store', `redis://127.0.0.1:${port}`];
    const [one, two] = await Promise.all([AlliumTracker.start(words), AlliumTracker.start(words)]);
    assert.is(await announce(one, 1001), 1);
    await announce(two, 1002);
    await until('both know both', async () => (await known(one)) === 2 && (await known(two)) === 2);
    const three = await AlliumTracker.start(words);
    assert.is(await known(three), 2, 'learnt before it answered');
    await announce(three, 1001, 'stopped');
    await until('gone everywhere', async () => (await known(one)) === 1 && (await known(two)) === 1);
    assert.equal(await Promise.all([one.stop(), two.stop(), three.stop()]), [0, 0, 0]);
    await store.stop();
  },
);

test(
  proves('killed in the middle: all go on answering, and when it is back with nothing they fill it again', [
    'our trackers over a shared store',
    'Redis',
  ]),
  async () => {
    const port = await freePort();
    const store = await startStore(port);
    const words = ['--store', `redis://127.0.0.1:${port}`];
    const [one, two] = await Promise.all([AlliumTracker.start(words), AlliumTracker.start(words)]);
    await announce(one, 1001);
    await announce(two, 1002);
    await until('both know both', async () => (await known(one)) === 2 && (await known(two)) === 2);
    await store.stop('SIGKILL');
    assert.is(await announce(one, 1003), 3);
    assert.is(await announce(two, 1004), 3);
    const again = await startStore(port);
    await until('both know all', async () => (await known(one)) === 4 && (await known(two)) === 4);
    const three = await AlliumTracker.start(words);
    assert.is(await known(three), 4, 'the store has everything again');
    assert.equal(await Promise.all([one.stop(), two.stop(), three.stop()]), [0, 0, 0]);
    await again.stop();
  },
);

test('a store that is not there: the tracker says so and ends', async () => {
  const port = await freePort();
  const run = await runToEnd(process.execPath, [
    ...[new URL('../../engine/cli/main.js', import.meta.url).pathname, 'tracker', '--port', '0'],
    ...['--host', '127.0.0.1', '--store', `redis://:secret@127.0.0.1:${port}`],
  ]);
  assert.is(run.code, 3);
  assert.match(run.stderr, /the store 127\.0\.0\.1:\d+ cannot be reached/);
  assert.not.match(run.stderr, /secret/);
});

test.run();
