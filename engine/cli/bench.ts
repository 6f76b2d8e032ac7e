import type { Command } from 'commander';
import { addExamples } from './support/help.ts';
import { writeJson, writeOut } from './support/output.ts';
import { runCommand } from './support/run-command.ts';

interface KernelWords {
  readonly quick?: true;
  readonly json?: true;
}

/** `allium bench`: what this machine makes of Allium. */
export function registerBench(program: Command): void {
  const bench = program.command('bench').summary('measure the kernels').description('Measure Allium here.');
  const kernels = bench
    .command('kernels')
    .summary('the kernels against their rivals')
    .description(
      'Measure the WebAssembly kernels and their native twins against what one would do without them, in pairs that ' +
        'share a process, and show which twin was chosen for every operation.',
    )
    .option('--quick', 'a fifth of the time: for a first look, not for figures')
    .option('--json', 'print the result with every single run as JSON');
  addExamples(kernels, [
    ['bench kernels', 'The whole table'],
    ['bench kernels --json', 'The same with the raw runs'],
  ]);
  kernels.action((words: KernelWords) =>
    runCommand({ name: 'bench kernels', json: words.json === true }, async () => {
      const { benchKernels, formatBenchKernels } = await import('./bench-kernels.ts');
      const report = await benchKernels({ json: words.json === true, quick: words.quick === true });
      if (words.json === true) writeJson(report);
      else writeOut(formatBenchKernels(report));
      return undefined;
    }),
  );
}
