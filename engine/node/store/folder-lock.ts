import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AlliumError } from '../../codec/error.ts';
import { fileError } from '../../runtime/real/file-error.ts';
import { bootId, isRunning, processStart } from './boot-id.ts';

/** Long enough that two who take over the same stale lock both see who came last. */
const SETTLE_MS = 50;

interface Owner {
  readonly pid: number;
  readonly boot: string;
  /** Tells the process from a later one with the same number. */
  readonly start: string;
}

/** Keeps a second node off the same folder. A lock of a process that is gone is taken over. */
export class FolderLock {
  private readonly path: string;
  private readonly text: string;

  private constructor(path: string, text: string) {
    this.path = path;
    this.text = text;
  }

  /** Rejects with BAD_STATE when another process has the folder. */
  static async take(folder: string): Promise<FolderLock> {
    const path = join(folder, 'lock');
    const own: Owner = { pid: process.pid, boot: bootId(), start: processStart(process.pid) };
    const lock = new FolderLock(path, `${JSON.stringify(own)}\n`);
    try {
      writeFileSync(path, lock.text, { flag: 'wx' });
      return lock;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw fileError(error, 'create', path);
    }
    const holder = readOwner(path);
    if (holder !== undefined && isAlive(holder)) throw inUse(folder, holder.pid);
    const own2 = `${path}.${process.pid}`;
    writeFileSync(own2, lock.text);
    renameSync(own2, path);
    await sleep(SETTLE_MS);
    const winner = readOwner(path);
    if (winner?.pid !== own.pid) throw inUse(folder, winner?.pid ?? 0);
    return lock;
  }

  /** Idempotent; leaves a lock alone that is somebody else's by now. */
  release(): void {
    try {
      if (readFileSync(this.path, 'utf8') === this.text) rmSync(this.path, { force: true });
    } catch {
      // Gone, or not readable: then there is nothing of ours to take away.
    }
  }
}

function readOwner(path: string): Owner | undefined {
  try {
    const value = JSON.parse(readFileSync(path, 'utf8')) as Partial<Owner> | null;
    const { pid, boot, start } = value ?? {};
    if (!Number.isInteger(pid) || typeof boot !== 'string' || typeof start !== 'string') return undefined;
    return { pid: pid!, boot, start };
  } catch {
    return undefined; // half written by one that was killed
  }
}

function isAlive(owner: Owner): boolean {
  if (owner.boot !== bootId() || !isRunning(owner.pid)) return false;
  return owner.start === processStart(owner.pid);
}

function inUse(folder: string, pid: number): AlliumError {
  return new AlliumError('BAD_STATE', `another node (process ${pid}) uses the state folder ${folder}`, {
    advice: 'Stop it first, or give this one a folder of its own (--state).',
    details: { folder, pid },
  });
}
