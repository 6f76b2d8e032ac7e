import { readFileSync } from 'node:fs';

/**
 * A name for the time since this machine started, equal for all processes until it stops; empty where the system
 * gives none. What a killed process wrote is still there while the name is the same: the page cache outlives
 * processes, not power cuts.
 */
export function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}

/** When the process `pid` started, in ticks since boot; empty when there is no such process or no way to know. */
export function processStart(pid: number): string {
  try {
    // The second field is the name of the program in parentheses and may itself hold spaces and parentheses.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

/** Whether a process with this number runs now. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there and belongs to somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
