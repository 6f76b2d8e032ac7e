import { Bench, type Task } from 'tinybench';
import type { Suite, SuiteOptions } from './suites.ts';
import type { MicroCase, MicroSuite } from './types.ts';

const USUAL: SuiteOptions = { timeMs: 400, iterations: 10, warmupIterations: 3 };

/** Runs all cases of a suite. A case that throws is told with its error, the others go on. */
export async function runSuite(suite: Suite, options: { readonly quick: boolean }): Promise<MicroSuite> {
  const { timeMs, iterations, warmupIterations } = suite.options ?? USUAL;
  const share = options.quick ? 0.1 : 1;
  const bench = new Bench({
    name: suite.name,
    time: timeMs * share,
    iterations: Math.max(1, Math.round(iterations * share)),
    warmupTime: (timeMs * share) / 4,
    warmupIterations: options.quick ? 1 : warmupIterations,
  });
  const { bytesOf, close } = await suite.add(bench);
  try {
    await bench.run();
  } finally {
    await close?.();
  }
  const { name, title, about } = suite;
  return { name, title, about, cases: bench.tasks.map((task) => caseOf(task, bytesOf?.get(task.name))) };
}

function caseOf(task: Task, bytes: number | undefined): MicroCase {
  const { name, result } = task;
  if (!('latency' in result)) {
    const error = result.state === 'errored' ? result.error.message : `did not run: ${result.state}`;
    return { name, medianMs: 0, deviationMs: 0, minMs: 0, p99Ms: 0, samples: 0, error };
  }
  const { p50, mad, min, p99, samplesCount } = result.latency;
  const times = { medianMs: p50, deviationMs: mad, minMs: min, p99Ms: p99, samples: samplesCount };
  return { name, ...times, ...(bytes === undefined ? {} : { bytes }) };
}
