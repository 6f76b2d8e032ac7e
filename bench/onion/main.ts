/**
 * Relays and clients of the onion network beside C tor: `npm run bench:onion -- --help`. Writes onion.json and
 * onion.html.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { VERSION } from '../../engine/codec/version.ts';
import { PROJECT_ROOT } from '../peers/native.ts';
import { killDaemons } from '../support/daemon.ts';
import { commitOf, describeMachine } from '../support/machine.ts';
import { findProgram, versionLine } from '../support/programs.ts';
import { AlliumClientDesk, type Context } from './context.ts';
import { onionHtml } from './html-report.ts';
import { residentBytes } from './meter.ts';
import { startBenchNetwork } from './network.ts';
import { ONION_HELP, type OnionBenchOptions, parseOnionOptions } from './options.ts';
import { runProfile } from './profile.ts';
import { mergeContests, mergeResults, readResult, writeResult } from './result-file.ts';
import { RUN_SECTION } from './sections.ts';
import { contestText } from './text-report.ts';
import type { Contest, OnionResult } from './types.ts';

const RESULTS = join(PROJECT_ROOT, 'bench', 'results');
const TTL_MS = 1_800_000;

const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

async function main(words: readonly string[]): Promise<number> {
  // Where it is set, every Node parses that file when it starts.
  delete process.env.NODE_EXTRA_CA_CERTS;
  let options: OnionBenchOptions | undefined;
  try {
    options = parseOnionOptions(words, RESULTS);
  } catch (error) {
    say(`bench:onion: ${error instanceof Error ? error.message : String(error)}. See --help.`);
    return 2;
  }
  if (options === undefined) {
    process.stdout.write(ONION_HELP);
    return 0;
  }
  const resultPath = join(options.outFolder, 'onion.json');
  if (options.render) {
    const result = readResult(resultPath);
    if (result === undefined) {
      say(`bench:onion: there is no ${resultPath} yet. Run without --render first.`);
      return 2;
    }
    render(options, result);
    return 0;
  }
  if (
    process.platform !== 'linux' ||
    findProgram('tor') === undefined ||
    findProgram('tor-gencert') === undefined
  ) {
    say('bench:onion: needs Linux and the programs tor and tor-gencert (Debian: tor).');
    return 2;
  }
  process.once('exit', killDaemons);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => process.exit(130));
  if (options.profile) await runProfile(options, say);
  else await measure(options, resultPath);
  return 0;
}

async function measure(options: OnionBenchOptions, resultPath: string): Promise<void> {
  const before = options.merge ? readResult(resultPath) : undefined;
  const tor = /version ([\d.]+)/.exec(versionLine(findProgram('tor') ?? '', ['--version']))?.[1] ?? 'unknown';
  const facts = {
    ...{ schema: 'allium bench onion 1' as const, startedAt: new Date().toISOString() },
    ...{
      commit: commitOf(PROJECT_ROOT),
      machine: describeMachine(),
      versions: { Allium: VERSION, 'C tor': tor },
    },
    options: { sections: options.sections.join(), runs: options.runs, sizeBytes: options.sizeBytes },
  };
  const skipped: string[] = [];
  let contests: readonly Contest[] = [];
  const resultSoFar = (): OnionResult => mergeResults(before, { ...facts, contests, skipped: [...skipped] });
  const hasAllium = !options.rivalsOnly;
  if (!hasAllium) skipped.push('Allium was left out.');
  say('the network starts');
  const network = await startBenchNetwork({ hasAllium, relayWords: () => [], ttlMs: TTL_MS, say });
  const idle = new Map(
    [...network.relays.map(({ nickname }) => nickname), ...network.tor.nodes.map(({ name }) => name)].map(
      (name) => [name, residentBytes(network.pid(name))],
    ),
  );
  const context: Context = {
    ...{ options, network, idle, say },
    allium: hasAllium ? new AlliumClientDesk(network, idle) : undefined,
    keep: (contest) => {
      contests = mergeContests(contests, [contest]);
      writeResult(resultPath, resultSoFar());
    },
  };
  try {
    for (const section of options.sections) {
      await RUN_SECTION[section](context);
      for (const contest of contests.filter((each) => each.section === section))
        process.stdout.write(`\n${contestText(contest)}`);
    }
  } finally {
    await context.allium?.stop();
    await network.stop();
  }
  const result = resultSoFar();
  writeResult(resultPath, result);
  render(options, result);
  say(`\nwritten: ${resultPath}, onion.html`);
}

function render(options: OnionBenchOptions, result: OnionResult): void {
  writeFileSync(join(options.outFolder, 'onion.html'), onionHtml(result));
}

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  killDaemons();
  say(`bench:onion: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  if (error instanceof Error && error.cause !== undefined) say(String(error.cause));
  return 3;
});
// Whatever still waits, the work is over.
setTimeout(() => process.exit(), 3000).unref();
