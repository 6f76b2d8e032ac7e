import { Daemon, type DaemonOptions, lastLines, withTimeout } from './daemon.ts';
import { treeMemory } from './proc.ts';

/** How often memory is looked at. The kernel keeps the peak, so only the very end can be missed. */
const MEMORY_EVERY_MS = 40;

/** What a program that ran to its end has cost. */
export interface CommandCost {
  /** From its start to its end. */
  readonly seconds: number;
  /** User and system time of all its threads and children. */
  readonly cpuSeconds: number;
  readonly peakBytes: number;
  readonly code: number;
  readonly output: string;
}

/** The shell waits for the program and then prints what its children have used: POSIX `times`. */
const SCRIPT = '"$@"; code=$?; times; echo "exit $code"';

/** Runs a program to its end and measures it. Rejects when it takes longer than `timeoutMs`. */
export async function runCommand(
  path: string,
  words: readonly string[],
  options: DaemonOptions & { readonly timeoutMs?: number } = {},
): Promise<CommandCost> {
  const beganMs = performance.now();
  const shell = new Daemon('/bin/sh', ['-c', SCRIPT, 'sh', path, ...words], options);
  let peakBytes = 0;
  const timer = setInterval(() => {
    peakBytes = Math.max(peakBytes, programPeak(shell));
  }, MEMORY_EVERY_MS);
  try {
    const end = await withTimeout(
      shell.line((line) => /^exit \d+$/.test(line), 2 ** 31 - 1),
      options.timeoutMs ?? 120_000,
      () => lastLines(shell.output),
    );
    await shell.ended;
    const output = shell.output;
    return {
      seconds: (end.atMs - beganMs) / 1000,
      cpuSeconds: childrenCpuSeconds(output),
      peakBytes,
      code: Number(end.text.slice('exit '.length)),
      output: output.replace(/\n[^\n]*\n[^\n]*\nexit \d+\n$/, '\n'),
    };
  } finally {
    clearInterval(timer);
    shell.kill();
  }
}

/** The shell's own memory is left out. */
function programPeak(shell: Daemon): number {
  if (!shell.running) return 0;
  const own = shell.child.pid ?? 0;
  return Math.max(0, treeMemory(own).peakBytes - treeMemory(own, 'itself').peakBytes);
}

/** Of what `times` printed: the second line is the children's user and system time, such as `0m1.230s 0m0.410s`. */
export function childrenCpuSeconds(output: string): number {
  const lines = [...output.matchAll(/^(\d+)m([\d.]+)s (\d+)m([\d.]+)s$/gm)];
  const [, userMinutes, user, systemMinutes, system] = lines.at(-1) ?? [];
  return Number(userMinutes) * 60 + Number(user) + Number(systemMinutes) * 60 + Number(system);
}
