/** Aim: the jobs of a node are told over HTTP and in a shell, and can be asked for and forbidden by both. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { jobsMount } from '../../../engine/node/roles/jobs-mount.ts';
import { type JobsView, jobRow } from '../../../engine/node/roles/jobs-view.ts';
import { decideJobs } from '../../../engine/society/roles/decide.ts';
import type { Job, Wish, Wishes } from '../../../engine/society/roles/jobs.ts';
import { remoteScene } from '../remote/support/remote-scene.ts';

const test = suite('node: jobs over HTTP');
const MAIN = fileURLToPath(new URL('../../../engine/cli/main.js', import.meta.url));
const SPECIFICATION = {
  ...{ upBytesPerSec: 1e6, downBytesPerSec: 1e6, uptimeShare: 1, knownMs: 3_600_000 },
  ...{ freeBytes: 1e9, memoryBytes: 1e9, cores: 2, reachable: true },
};

/** Decides as a node does, without measuring. */
class Keeper {
  wishes: Wishes = {};

  view(): JobsView {
    const situation = { specification: SPECIFICATION, wishes: this.wishes, records: {}, nowMs: 1 };
    const jobs = decideJobs(situation).map((decision) =>
      jobRow(decision, this.wishes[decision.job] ?? 'auto', { dhtNodes: 0, superSeeded: 0 }),
    );
    return { measuredAtMs: 1, specification: SPECIFICATION, jobs };
  }

  async wish(job: Job, wish: Wish): Promise<void> {
    this.wishes = { ...this.wishes, [job]: wish };
  }
}

test('they are told, wished for and refused', async () => {
  const keeper = new Keeper();
  const scene = await remoteScene({ mounts: [jobsMount(keeper)] });
  const post = (body: string): Promise<Response> => scene.ask('/api/jobs', { method: 'POST', body });
  try {
    const told = (await (await scene.ask('/api/jobs')).json()) as JobsView;
    assert.equal(told, keeper.view());
    for (const wrong of ['', '[]', '{"job":"king","wish":"auto"}', '{"job":"dht","wish":"maybe"}']) {
      assert.is((await post(wrong)).status, 400, wrong);
    }
    assert.equal(keeper.wishes, {});
    const changed = (await (await post('{"job":"dht","wish":"forbid"}')).json()) as JobsView;
    assert.is(changed.jobs.find(({ job }) => job === 'dht')?.verdict, 'forbidden');

    const words = ['ctl', 'jobs', '--request', 'exit', '--url', scene.server.url, '--json'];
    const child = spawn(process.execPath, [MAIN, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    child.stdout.on('data', (bytes) => {
      out += bytes;
    });
    assert.is((await once(child, 'close'))[0], 0);
    assert.equal(JSON.parse(out), keeper.view());
    assert.equal(keeper.wishes, { dht: 'forbid', exit: 'request' });
    assert.equal(scene.faults, []);
  } finally {
    await scene.close();
  }
});

test.run();
