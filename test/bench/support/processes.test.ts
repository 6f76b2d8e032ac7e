/**
 * Aim: what a program costs is measured as it is: CPU time of its children counts, its exit code and output come
 * through, one that hangs is ended, and nothing that was started is left running.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { childrenCpuSeconds, runCommand } from '../../../bench/support/command.ts';
import { Daemon, killDaemons, until } from '../../../bench/support/daemon.ts';
import { processTree, treeCpuSeconds } from '../../../bench/support/proc.ts';

const processes = suite('processes of the benchmark');
const onLinux = process.platform === 'linux' ? processes : processes.skip;
const BURN = 'const end = Date.now() + 400; while (Date.now() < end);';

onLinux('a command’s CPU time, exit code and output are taken, with those of its children', async () => {
  const script = `require("node:child_process").execFileSync(process.execPath, ["-e", ${JSON.stringify(BURN)}]); console.log("said"); process.exit(3)`;
  const cost = await runCommand(process.execPath, ['-e', script]);
  assert.is(cost.code, 3);
  assert.match(cost.output, /^said\n/);
  assert.not.match(cost.output, /exit 3/);
  assert.ok(cost.cpuSeconds > 0.2, `the child's time counts: ${cost.cpuSeconds}`);
  assert.ok(cost.seconds >= cost.cpuSeconds / 4 && cost.peakBytes > 1 << 20);
});

onLinux('a command that hangs is ended and told', async () => {
  const hang = runCommand(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { timeoutMs: 300 });
  await hang.then(fail, (error: Error) => assert.match(error.message, /not within 0.3 s/));
});

onLinux('a daemon’s lines are seen, and stopping it ends what it started', async () => {
  const script =
    'require("node:child_process").spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" }); console.log("ready"); setInterval(() => {}, 1000)';
  const daemon = new Daemon(process.execPath, ['-e', script]);
  await daemon.line((line) => line === 'ready', 10_000);
  await until('both run', () => processTree(daemon.pid).length === 2, { timeoutMs: 5_000 });
  assert.ok(treeCpuSeconds(daemon.pid) > 0);
  const pids = processTree(daemon.pid);
  await daemon.stop();
  assert.not.ok(daemon.running);
  await until('both are gone', () => pids.every((pid) => !alive(pid)), { timeoutMs: 5_000 });
});

onLinux('waiting for the line of a program that ends says what it said', async () => {
  const daemon = new Daemon(process.execPath, ['-e', 'console.log("no such thing")']);
  const line = daemon.line((text) => text === 'ready', 10_000);
  await line.then(fail, (error: Error) => assert.match(error.message, /no such thing/));
  killDaemons();
});

processes('the children’s line of `times` is the second', () => {
  assert.is(childrenCpuSeconds('0m0.010s 0m0.020s\n1m1.500s 0m0.250s\nexit 0\n'), 61.75);
});

function fail(): void {
  assert.unreachable('it should not have come to this');
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

processes.run();
