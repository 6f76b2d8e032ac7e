import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { peerPath } from '../peers.ts';
import { RunningProgram } from '../program.ts';
import { TorControl } from './control.ts';
import { emptyFile, readIdentity } from './keys.ts';
import { isRouter, type TorNode, type TorNodePlan, type TorRole } from './node.ts';
import { takePort } from './ports.ts';

const START_TIMEOUT_MS = 20_000;

/** Chooses the ports of a node and its folder under `root`. */
export async function planNode(root: string, role: TorRole, name: string): Promise<TorNodePlan> {
  return {
    role,
    name,
    dataDir: join(root, name),
    controlPort: await takePort(),
    ...(isRouter(role) ? { orPort: await takePort() } : { socksPort: await takePort() }),
    ...(role === 'authority' ? { dirPort: await takePort() } : {}),
  };
}

/** A node that runs, and the control connection that keeps it running: tor ends when it closes. */
export interface LaunchedNode {
  readonly node: TorNode;
  readonly control: TorControl;
}

/** Starts tor with this configuration and waits until its control port answers. Throws with its log when it ends. */
export async function launchNode(plan: TorNodePlan, torrc: string): Promise<LaunchedNode> {
  await mkdir(plan.dataDir, { recursive: true, mode: 0o700 });
  const torrcPath = join(plan.dataDir, 'torrc');
  await writeFile(torrcPath, torrc);
  const words = ['--defaults-torrc', await emptyFile(plan.dataDir), '-f', torrcPath];
  words.push('--__OwningControllerProcess', String(process.pid));
  const program = new RunningProgram(peerPath('tor'), words);
  program.child.stdin?.end();
  const control = await openControl(plan, program);
  // Should this process vanish without a word, the connection closes with it and tor ends at once.
  await control.send('TAKEOWNERSHIP');
  const identity = isRouter(plan.role) ? await readIdentity(plan) : { fingerprint: '', ed25519: '' };
  return { node: { ...plan, pid: program.child.pid ?? 0, ...identity, program }, control };
}

async function openControl(plan: TorNodePlan, program: RunningProgram): Promise<TorControl> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  for (;;) {
    if (!program.running) throw new Error(`${plan.name} has ended: ${program.stdout}${program.stderr}`);
    try {
      return await TorControl.open(plan);
    } catch (error) {
      if (performance.now() > deadline) throw new Error(`${plan.name} does not answer`, { cause: error });
      await sleep(25);
    }
  }
}
