/**
 * Whole programs side by side: `npm run bench:peers -- --help`. Writes peers.json, peers.html and peers.svg, and brings
 * the figures of the README up to date when the results go to bench/results.
 */
import { rmSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { killDaemons } from '../support/daemon.ts';
import { commitOf, describeMachine } from '../support/machine.ts';
import { calibrate } from './calibrate.ts';
import { type Context, Payloads, scratchFolders } from './context.ts';
import { runInNamespace } from './namespace.ts';
import { buildHelpers, PROJECT_ROOT } from './native.ts';
import { PEERS_HELP, type PeersOptions, parsePeersOptions } from './options.ts';
import { runProfile } from './profile.ts';
import { renderResult } from './render.ts';
import { mergeContests, mergeResults, readResult, writeResult } from './result-file.ts';
import { runCreate } from './sections/create.ts';
import { runDownload } from './sections/download.ts';
import { runSeed } from './sections/seed.ts';
import { runVerify } from './sections/verify.ts';
import { contestText } from './text-report.ts';
import type { Calibration, Contest, PeersResult, SectionName } from './types.ts';
import { programVersions } from './versions.ts';

const RESULTS = join(PROJECT_ROOT, 'bench', 'results');
const RUN_SECTION: Readonly<Record<SectionName, (context: Context) => Promise<void>>> = {
  verify: runVerify,
  create: runCreate,
  seed: runSeed,
  download: runDownload,
};

const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

async function main(words: readonly string[]): Promise<number> {
  // Where it is set, every Node parses that file when it starts, for 70 ms, and no other program does.
  delete process.env.NODE_EXTRA_CA_CERTS;
  let options: PeersOptions | undefined;
  try {
    options = parsePeersOptions(words, RESULTS);
  } catch (error) {
    say(`bench:peers: ${error instanceof Error ? error.message : String(error)}. See --help.`);
    return 2;
  }
  if (options === undefined) {
    process.stdout.write(PEERS_HELP);
    return 0;
  }
  const resultPath = join(options.outFolder, 'peers.json');
  if (options.render) {
    const result = readResult(resultPath);
    if (result === undefined) {
      say(`bench:peers: there is no ${resultPath} yet. Run without --render first.`);
      return 2;
    }
    renderResult(result, options.outFolder, PROJECT_ROOT);
    return 0;
  }
  if (process.platform !== 'linux') {
    say('bench:peers: needs Linux: CPU time and memory are read from /proc.');
    return 2;
  }
  const elsewhere = options.namespace ? await runInNamespace(words) : undefined;
  if (elsewhere !== undefined) return elsewhere;
  await measure(options, resultPath);
  return 0;
}

async function measure(options: PeersOptions, resultPath: string): Promise<void> {
  const root = join(options.workFolder, options.keep ? 'allium-bench' : `allium-bench-${process.pid}`);
  const scratchRoot = join(root, `scratch-${process.pid}`);
  const shared = `/dev/shm/allium-bench-${process.pid}`;
  const clean = (): void => {
    killDaemons();
    for (const folder of [scratchRoot, shared, ...(options.keep ? [] : [root])]) {
      rmSync(folder, { recursive: true, force: true });
    }
  };
  process.once('exit', clean);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => process.exit(130));
  try {
    const payloads = new Payloads(join(root, 'payload'), options.sizeBytes, say);
    const scratch = scratchFolders(scratchRoot);
    const helpers = buildHelpers(scratch('helpers'));
    const base = { options, payloads, helpers, scratch, say };
    if (options.profile) await runProfile(base);
    else await runSections(base, resultPath);
  } finally {
    clean();
  }
}

type BaseContext = Pick<Context, 'options' | 'payloads' | 'helpers' | 'scratch' | 'say'>;

async function runSections(base: BaseContext, resultPath: string): Promise<void> {
  const { options, payloads } = base;
  const before = options.merge ? readResult(resultPath) : undefined;
  const calibrations: Calibration[] = [];
  const skipped: string[] = [];
  let contests: readonly Contest[] = [];
  const facts = {
    ...{ schema: 'allium bench peers 1' as const, startedAt: new Date().toISOString() },
    ...{ commit: commitOf(PROJECT_ROOT), machine: describeMachine(), versions: programVersions() },
    options: { sections: options.sections.join(), runs: options.runs, sizeBytes: options.sizeBytes },
  };
  const resultSoFar = (): PeersResult =>
    mergeResults(before, { ...facts, calibrations: [...calibrations], contests, skipped: [...skipped] });
  const context: Context = {
    ...base,
    calibrate: async () => {
      const calibration = await calibrate(payloads.large);
      calibrations.push(calibration);
      base.say(calibrationLine(calibration));
      return calibration;
    },
    keep: (contest) => {
      contests = mergeContests(contests, [contest]);
      writeResult(resultPath, resultSoFar());
    },
    skip: (sentence) => {
      skipped.push(sentence);
      base.say(sentence);
    },
  };
  for (const section of options.sections) {
    await RUN_SECTION[section](context);
    for (const contest of contests.filter((each) => each.section === section)) {
      process.stdout.write(`\n${contestText(contest)}`);
    }
  }
  const result = resultSoFar();
  writeResult(resultPath, result);
  renderResult(result, options.outFolder, PROJECT_ROOT);
  say(`\nwritten: ${resultPath}, peers.html, peers.svg`);
}

function calibrationLine({ workers, sha1, sha256, read, copy }: Calibration): string {
  const gigabytes = (rate: number): string => (rate / 1e9).toFixed(2);
  const load = (loadavg()[0] ?? 0).toFixed(1);
  return (
    `calibration, ${workers} workers, GB/s: sha1 ${gigabytes(sha1)}, sha256 ${gigabytes(sha256)}, ` +
    `read ${gigabytes(read)}, copy on one core ${gigabytes(copy)}; load ${load}`
  );
}

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  killDaemons();
  say(`bench:peers: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  return 3;
});
