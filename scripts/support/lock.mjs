import { mkdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemCode } from './fail.mjs';

const HEARTBEAT_MS = 1_000;
/** A holder that has not touched its lock for this long is dead: it would have done so ten times. */
const STALE_MS = 10_000;

/**
 * Runs `work` while holding the lock directory `path`, so that two processes never build at once. The holder keeps
 * touching the directory; one that was killed stops doing so and its lock is taken over.
 *
 * @template T
 * @param {string} path
 * @param {() => Promise<T>} work
 * @param {() => void} [onWait] called once when another process holds the lock
 * @returns {Promise<T>}
 */
export async function withLock(path, work, onWait = () => {}) {
  await acquire(path, onWait);
  const heartbeat = setInterval(() => touch(path), HEARTBEAT_MS);
  const release = () => rmSync(path, { recursive: true, force: true });
  process.once('exit', release);
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    process.removeListener('exit', release);
    release();
  }
}

async function acquire(path, onWait) {
  mkdirSync(dirname(path), { recursive: true });
  let waited = false;
  while (!tryMakeDirectory(path)) {
    if (ageMs(path) > STALE_MS) {
      removeStale(path);
      continue;
    }
    if (!waited) onWait();
    waited = true;
    await sleep(50);
  }
}

/** Only the one who made the second directory may remove the first: nobody deletes a lock just taken by another. */
function removeStale(path) {
  const stealing = `${path}.taking-over`;
  if (ageMs(stealing) > STALE_MS) rmSync(stealing, { recursive: true, force: true });
  if (!tryMakeDirectory(stealing)) return;
  try {
    if (ageMs(path) > STALE_MS) rmSync(path, { recursive: true, force: true });
  } finally {
    rmSync(stealing, { recursive: true, force: true });
  }
}

function tryMakeDirectory(path) {
  try {
    mkdirSync(path);
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  }
}

/** @returns {number} milliseconds since the last touch; -1 when there is nothing there */
function ageMs(path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? -1 : Date.now() - stat.mtimeMs;
}

function touch(path) {
  const now = new Date();
  try {
    utimesSync(path, now, now);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
}
