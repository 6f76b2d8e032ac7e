// Aim: a node measures itself over restarts and within bounds, decides on its jobs, super-seeds where that helps and
// nowhere else, does what the operator wants, and begins anew with a memory that is of no use.
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { TorrentDetail } from '../../../engine/node/control/details.ts';
import type { Log } from '../../../engine/node/log.ts';
import { HOURS_MAX, NodeHistory } from '../../../engine/node/roles/history.ts';
import { type JobRow, jobsText } from '../../../engine/node/roles/jobs-view.ts';
import { MEMORY_BYTES_MAX } from '../../../engine/node/roles/memory.ts';
import { RoleKeeper } from '../../../engine/node/roles/role-keeper.ts';
import { parseWishes } from '../../../engine/node/roles/wishes.ts';
import type { Milliseconds } from '../../../engine/runtime/port.ts';
import { createRealFiles } from '../../../engine/runtime/real/files.ts';
import type { Job, Wishes } from '../../../engine/society/roles/jobs.ts';
import { scratchFolder } from '../../interop/support/program.ts';
import { FakeControl } from '../control/fake-control.ts';
import { fakeRow } from '../control/fake-rows.ts';

const test = suite('node: roles');
const HOUR_MS = 3_600_000;
const folder = scratchFolder();
let scenes = 0;

class ReachedControl extends FakeControl {
  host = '203.0.113.9';
  override async detail(infoHash: string): Promise<TorrentDetail> {
    const detail = await super.detail(infoHash);
    return {
      ...detail,
      peers: detail.peers.map((peer) => ({ ...peer, incoming: true, host: this.host })),
    };
  }
}

async function scene() {
  const files = createRealFiles();
  scenes += 1;
  const path = join(folder, `${scenes}-roles.json`);
  const control = new ReachedControl();
  control.put(fakeRow(1, { peerCount: 3, swarmSeeds: 1, swarmLeechers: 4, seedCount: 0 }));
  control.put(fakeRow(2, { peerCount: 3, swarmSeeds: 5, swarmLeechers: 4 }));
  control.statsChange = { upBytesPerSec: 3e6, downBytesPerSec: 3e6 };
  let now = 1_800_000_000_000;
  const clock = {
    now: () => now as Milliseconds,
    wallClock: () => now,
    setTimer: () => ({ cancel: () => {} }),
  };
  const said: string[] = [];
  const say = (message: string): void => void said.push(message);
  const log: Log = { error: say, warn: say, info: say, debug: say };
  const open = (wishes: Wishes = {}) =>
    RoleKeeper.start({ path, wishes, cores: 4, memoryBytes: 8e9 }, { control, clock, files, log });
  const pass = async (keeper: RoleKeeper, hours: number): Promise<void> => {
    for (let minute = 0; minute < 60 * hours; minute += 5) {
      now += 300_000;
      await keeper.read();
    }
  };
  const skip = (hours: number): void => {
    now += hours * HOUR_MS;
  };
  return { control, files, path, said, open, pass, skip };
}

const jobOf = (keeper: RoleKeeper, job: Job): JobRow => keeper.view().jobs.find((row) => row.job === job)!;

test('what it does at once, what it comes to do, and what it says it is fit for', async () => {
  const { control, open, pass } = await scene();
  const keeper = await open();
  assert.is(jobOf(keeper, 'seeder').state, 'doing');
  assert.is(jobOf(keeper, 'relay').state, 'off');
  assert.is(jobOf(keeper, 'relay').reason, 'needs known for 3 h 00 m; has known for 0 ms');
  await pass(keeper, 4);
  assert.is(jobOf(keeper, 'dht').state, 'fitting');
  assert.match(jobOf(keeper, 'dht').how, '--dht-bootstrap');
  control.statsChange = { ...control.statsChange, dhtNodes: 12 };
  assert.is(jobOf(keeper, 'dht').state, 'doing');
  assert.is(jobOf(keeper, 'relay').state, 'fitting');
  assert.is(jobOf(keeper, 'relay').how, 'start it with: allium relay --config FILE');
  assert.is(jobOf(keeper, 'exit').verdict, 'unasked');
  const text = jobsText(keeper.view());
  assert.match(text, /^This node: others reach it, 2\.86 MiB\/s up/);
  assert.match(text, /^fitting {2}relay {9}others reach it, .* \(start it with: allium relay/m);
  assert.equal(JSON.parse(JSON.stringify(keeper.view())), keeper.view(), 'plain data');
  await keeper.close();
});

test('nobody from outside: not reachable, whatever comes from the same network', async () => {
  const { control, open, pass } = await scene();
  control.host = '192.168.1.7';
  const keeper = await open();
  await pass(keeper, 4);
  assert.is(keeper.view().specification.reachable, false);
  assert.is(jobOf(keeper, 'relay').reason, 'nobody has reached it from outside');
  control.host = '2001:db8::7';
  await pass(keeper, 1);
  assert.is(keeper.view().specification.reachable, true);
});

test('super-seeding: where it is the only seed, and no longer than that; never what the operator has set', async () => {
  const { control, open, pass } = await scene();
  const [alone, common] = [...control.rows.keys()] as [string, string];
  control.touch(common, { superSeed: true });
  const keeper = await open();
  await pass(keeper, 2);
  assert.is(control.row(alone)?.superSeed, true);
  assert.is(jobOf(keeper, 'super-seeder').state, 'doing');
  control.touch(alone, { swarmSeeds: 3 });
  await pass(keeper, 1);
  assert.is(control.row(alone)?.superSeed, false);
  assert.is(jobOf(keeper, 'super-seeder').state, 'fitting');
  control.touch(alone, { swarmSeeds: 1 });
  await pass(keeper, 1);
  assert.is(control.row(alone)?.superSeed, true);
  await keeper.wish('super-seeder', 'forbid');
  assert.is(control.row(alone)?.superSeed, false);
  assert.is(jobOf(keeper, 'super-seeder').verdict, 'forbidden');
  assert.is(control.row(common)?.superSeed, true, 'this one is the operator’s');
});

test('uptime, jobs and wishes are kept over a restart; settings count before them', async () => {
  const { files, path, open, pass, skip } = await scene();
  const keeper = await open();
  await pass(keeper, 10);
  await keeper.wish('tracker', 'forbid');
  await keeper.close();
  skip(10);
  const again = await open({ relay: 'forbid' });
  const { specification } = again.view();
  assert.ok(
    specification.uptimeShare > 0.45 && specification.uptimeShare < 0.55,
    `${specification.uptimeShare}`,
  );
  assert.ok(specification.knownMs > 19 * HOUR_MS && specification.knownMs <= 20.1 * HOUR_MS);
  assert.is(jobOf(again, 'tracker').verdict, 'forbidden');
  assert.is(jobOf(again, 'relay').verdict, 'forbidden');
  await again.close();
  assert.is((await open({ tracker: 'auto' })).view().jobs.find(({ job }) => job === 'tracker')?.wish, 'auto');
  assert.ok((await files.stat(path))!.byteLength < MEMORY_BYTES_MAX);
});

test('a memory that is of no use is told of and begun anew', async () => {
  const { files, path, said, open } = await scene();
  for (const bad of ['', '{', '{"version":2}', '{"version":1,"history":{"hours":[{"hour":-1}]}}']) {
    await files.writeFile(path, new TextEncoder().encode(bad));
    const keeper = await open();
    assert.is(keeper.view().jobs.length, 7);
    assert.match(said.pop() ?? '', /roles\.json cannot be read: .* begins anew/, bad);
  }
});

test('torrents in trouble cost the job of who serves them, and it says so', async () => {
  const { control, said, open, pass } = await scene();
  const keeper = await open();
  await pass(keeper, 2);
  for (let id = 10; id < 30; id += 1) control.put(fakeRow(id, { state: 'error' }));
  await pass(keeper, 1);
  assert.is(jobOf(keeper, 'super-seeder').verdict, 'unfit');
  assert.is(jobOf(keeper, 'seeder').verdict, 'demoted');
  assert.ok(said.includes('a job less'));
});

test('thirty days are remembered, an hour of them at most once, and a clock that goes back adds nothing', () => {
  const history = new NodeHistory();
  const start = 500_000 * HOUR_MS;
  for (let hour = 0; hour < HOURS_MAX + 50; hour += 1) {
    history.note(start + hour * HOUR_MS + 1, HOUR_MS, hour, 1);
    history.note(start + hour * HOUR_MS + 2, HOUR_MS, 0, 1);
  }
  assert.is(history.data.hours.length, HOURS_MAX);
  const nowMs = start + (HOURS_MAX + 50) * HOUR_MS;
  assert.is(history.uptimeShare(nowMs), 1);
  assert.is(history.knownMs(nowMs), HOURS_MAX * HOUR_MS);
  assert.is(history.rates(nowMs).up, HOURS_MAX + 48, 'the second-best hour');
  history.note(start, HOUR_MS, 1e9, 1e9);
  assert.is(history.rates(nowMs).up, HOURS_MAX + 48);
  assert.not.ok(history.isReachable(nowMs));
  history.noteReached(nowMs);
  assert.ok(history.isReachable(nowMs + 6 * 24 * HOUR_MS));
  assert.not.ok(history.isReachable(nowMs + 8 * 24 * HOUR_MS));
});

test('the words of an operator', () => {
  assert.equal(parseWishes(['exit', '+relay', '-tracker', '!dht', '=guard']), {
    ...{ exit: 'request', relay: 'request', tracker: 'forbid', dht: 'forbid', guard: 'auto' },
  });
  assert.equal(parseWishes([]), {});
  assert.is(parseWishes(['baker']), undefined);
});

test.run();
