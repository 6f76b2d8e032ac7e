/** Runs a node in the folder of argv[2] and answers questions of its parent: what cannot be seen from outside. */
import { join } from 'node:path';
import { NodeDaemon } from '../../engine/node/daemon/daemon.ts';
import { resolveSettings } from '../../engine/node/settings.ts';

const POLLS = 100;
/** Another limit than in the run before. */
const LIMIT = Date.now() % 1e9;
/** One torrent in so many changes between two polls. */
const CHANGED_SHARE = 100;

const folder = process.argv[2] ?? '';
const flags = {
  ...{ state: join(folder, 'state'), downloads: join(folder, 'downloads'), watch: false, host: '127.0.0.1' },
  ...{ port: 0, statusPort: false, memory: 64 * 1024 * 1024, dht: false, pex: false, log: 'error' },
};
const quiet = (): void => {};
const log = { error: (line: string) => console.error(line), warn: quiet, info: quiet, debug: quiet };
const daemon = await NodeDaemon.start(resolveSettings({ flags, env: {}, threads: 1 }), log);
const { control } = daemon;
process.send?.({ kind: 'listed' });

/** Times of polls that ask for what has changed, in milliseconds. */
async function polls(): Promise<number[]> {
  const names = [...control.rows.keys()];
  const step = Math.max(1, Math.floor(names.length / CHANGED_SHARE));
  const times: number[] = [];
  let { revision } = control.changes(0);
  for (let poll = 0; poll < POLLS; poll += 1) {
    const changes: Promise<void>[] = [];
    for (let at = poll % step; at < names.length; at += CHANGED_SHARE) {
      changes.push(control.change(names[at]!, { upLimit: LIMIT + poll }));
    }
    await Promise.all(changes);
    const beganMs = performance.now();
    const found = control.changes(revision);
    times.push(performance.now() - beganMs);
    if (found.isFull || found.rows.length < changes.length) throw new Error('not what has changed');
    revision = found.revision;
  }
  return times;
}

process.on('message', (message) => {
  if (message === 'polls') void polls().then((times) => process.send?.({ kind: 'polls', times }));
  if (message === 'states') process.send?.({ kind: 'states', states: control.stats().states });
  if (message === 'end') {
    void daemon.close().then(() => {
      process.send?.({ kind: 'ended' });
      process.disconnect();
    });
  }
});
