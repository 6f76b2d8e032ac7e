/**
 * All micro benchmarks in one process: `npm run bench -- [options] [suites]`. Writes micro.json and micro.html.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { commitOf, describeMachine } from '../support/machine.ts';
import { microHtml, suiteText } from './report.ts';
import { runSuite } from './run-suite.ts';
import { SUITES, type Suite } from './suites.ts';
import type { MicroResult, MicroSuite } from './types.ts';

/** The folder of package.json: this file lies in dist/bench/micro. */
const PROJECT_ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const HELP = `npm run bench -- [options] [suites]

Micro benchmarks in one process: ${SUITES.map(({ name }) => name).join(', ')}. Without names all of them.
Whole programs side by side: npm run bench:peers.

  --quick     a tenth of the time: for a look, not for figures
  --out DIR   where micro.json and micro.html go (bench/results)
  --help      this text
`;

interface Words {
  readonly suites: readonly Suite[];
  readonly quick: boolean;
  readonly out: string;
}

/** Undefined when help is asked for. Throws an Error that says what is off. */
function parse(words: readonly string[]): Words | undefined {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      out: { type: 'string', default: join(PROJECT_ROOT, 'bench', 'results') },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const suites = SUITES.filter(
    ({ name }) => positionals.length === 0 || positionals.some((word) => name.includes(word)),
  );
  const unknown = positionals.find((word) => !SUITES.some(({ name }) => name.includes(word)));
  if (unknown !== undefined) throw new Error(`there is no suite “${unknown}”`);
  return { suites, quick: values.quick, out: values.out };
}

async function main(args: readonly string[]): Promise<number> {
  let words: Words | undefined;
  try {
    words = parse(args);
  } catch (error) {
    process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}. See --help.\n`);
    return 2;
  }
  if (words === undefined) {
    process.stdout.write(HELP);
    return 0;
  }
  const machine = describeMachine();
  const startedAt = new Date().toISOString();
  const suites: MicroSuite[] = [];
  for (const suite of words.suites) {
    const done = await runSuite(suite, words);
    suites.push(done);
    process.stdout.write(`${suiteText(done)}\n`);
  }
  const commit = commitOf(PROJECT_ROOT);
  const result: MicroResult = { schema: 'allium bench micro 1', startedAt, commit, machine, suites };
  mkdirSync(words.out, { recursive: true });
  writeFileSync(join(words.out, 'micro.json'), `${JSON.stringify(result, null, 1)}\n`);
  writeFileSync(join(words.out, 'micro.html'), microHtml(result));
  process.stderr.write(`written: ${join(words.out, 'micro.json')}, micro.html\n`);
  return suites.some(({ cases }) => cases.some(({ error }) => error !== undefined)) ? 1 : 0;
}

process.exitCode = await main(process.argv.slice(2));
