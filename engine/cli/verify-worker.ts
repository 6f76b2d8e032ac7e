import { AlliumError } from '../codec/error.ts';
import { formatBytes } from '../codec/units.ts';
import { EXIT, type ExitCode } from './support/exit-code.ts';
import { writeErr, writeJson, writeOut } from './support/output.ts';
import { ProgressLine, RateMeter } from './support/progress.ts';

/** The flags of `allium verify` that mean something to a worker. */
export interface WorkerFlags {
  readonly queue?: string;
  readonly threads?: number;
  readonly map?: readonly string[];
  readonly retakeAfter?: number;
  readonly json?: boolean;
}

/** `allium verify --worker --queue …`: reads and hashes for runs that were started elsewhere, until it is stopped. */
export async function workForOthers(
  words: readonly string[],
  flags: WorkerFlags,
  signal: AbortSignal,
): Promise<ExitCode> {
  const { queue, map = [], retakeAfter } = flags;
  if (queue === undefined) {
    throw new AlliumError('BAD_USAGE', 'a worker needs to know the queue', {
      advice: 'Name it with --queue redis://HOST:6379.',
    });
  }
  if (words.length > 0) {
    throw new AlliumError('BAD_USAGE', 'a worker is not told what to check', {
      advice: 'Name torrents and data where the run is started, without --worker.',
    });
  }
  const { parsePathMapping } = await import('../node/verify/queue/path-map.ts');
  const mappings = map.map(parsePathMapping);
  const { queueHost } = await import('../node/verify/queue/connection.ts');
  const { workOnQueue } = await import('../node/verify/queue/open-queue.ts');
  const { threadsFor } = await import('../node/verify/threads.ts');
  const line = new ProgressLine();
  const meter = new RateMeter();
  const startedMs = performance.now();
  try {
    const done = await workOnQueue({
      url: queue,
      threadCount: flags.threads ?? threadsFor(mappings.map(({ to }) => to)),
      mappings,
      retakeMs: retakeAfter === undefined ? undefined : 1000 * retakeAfter,
      signal,
      onReady: (name) =>
        writeErr(`allium verify: ${name} takes work from ${queueHost(queue)} until it is stopped.\n`),
      onDone: ({ jobs, bytesRead }) =>
        line.update(
          () => `${jobs} jobs  ${formatBytes(bytesRead)}  ${formatBytes(meter.sample(bytesRead))}/s`,
        ),
    });
    line.clear();
    const elapsedMs = performance.now() - startedMs;
    if (flags.json === true) writeJson({ schema: 'allium verify worker 1', ...done, elapsedMs });
    else writeOut(`${done.jobs} jobs done; read ${formatBytes(done.bytesRead)}\n`);
    return EXIT.done;
  } finally {
    line.clear();
  }
}
