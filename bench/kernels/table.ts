import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { calibrate } from '../../engine/kernels/calibrate.ts';
import type { Twin } from '../../engine/kernels/lane-hasher.ts';
import { createKernelMemory, scratchOffset } from '../../engine/kernels/memory-map.ts';
import { compileKernels, type KernelFlavour, loadKernels } from '../../engine/kernels/module.ts';
import { OPERATION_BYTES, operationRounds } from '../../engine/kernels/operations.ts';
import { cellContests } from './cells.ts';
import type { Contest } from './contest.ts';
import { leafContest, pieceContest } from './hashes.ts';
import { type PairedResult, runPaired } from './paired.ts';
import { rc4Contest } from './rc4.ts';
import { relayContests } from './relay.ts';
import { xorContest } from './xor.ts';

/** Hides the SHA extensions of an x86-64 CPU from OpenSSL. */
const WITHOUT_SHA_EXTENSIONS = ':~0x20000000';
/** What the calibrated twin must reach of the better one. */
const CHOICE_TARGET = 0.97;

export interface KernelTable {
  readonly flavour: KernelFlavour;
  /** How long the calibration took. */
  readonly calibrationMs: number;
  readonly rows: readonly PairedResult[];
  /** One row for each operation: the chosen twin against the other; a ratio above 1 counts as 1. */
  readonly choices: readonly PairedResult[];
  /** Rows that could not be measured, and why. */
  readonly missing: readonly string[];
}

/** Measures all rows, `durationMs` or longer for each. Says on `progress` which one it is at. */
export async function measureTable(
  durationMs: number,
  progress: (what: string) => void,
): Promise<KernelTable> {
  const compiled = compileKernels();
  const calibration = calibrate(compiled);
  const rows: PairedResult[] = [];
  const missing: string[] = [];
  const run = (contest: Contest | undefined, absent: string): void => {
    if (contest === undefined) {
      missing.push(absent);
      return;
    }
    progress(contest.what);
    rows.push(runPaired(contest, durationMs));
  };
  run(pieceContest('sha1', 'sha1 ×4 against node:crypto', 1), '');
  progress('sha1 without SHA extensions');
  if (process.arch === 'x64') rows.push(runMasked(durationMs));
  else missing.push('sha1 without SHA extensions: only OpenSSL on x86-64 can be told to do without');
  run(await leafContest(), 'sha256 against hash-wasm: hash-wasm is not installed');
  const cellTwin = calibration.choice['aes-cells'];
  run(
    cellContests().find(({ choice }) => choice.startsWith(cellTwin)),
    '',
  );
  for (const contest of relayContests(cellTwin)) run(contest, '');
  run(rc4Contest(), '');
  run(xorContest(), '');
  const choices: PairedResult[] = [];
  const memory = createKernelMemory(OPERATION_BYTES);
  const kernels = loadKernels({ memory, compiled, scratchOffset: scratchOffset(0) });
  for (const { name, rounds } of operationRounds(kernels)) {
    const ours = calibration.choice[name];
    const other: Twin = ours === 'wasm' ? 'native' : 'wasm';
    progress(`choice for ${name}`);
    const contest = {
      what: name,
      choice: ours,
      target: CHOICE_TARGET,
      ours: rounds[ours],
      rival: rounds[other],
    };
    choices.push(runPaired(contest, durationMs / 4));
  }
  return { flavour: compiled.flavour, calibrationMs: calibration.durationMs, rows, choices, missing };
}

/** The SHA-1 row in a child of its own, because OpenSSL reads its variable once, when it is loaded. */
function runMasked(durationMs: number): PairedResult {
  const file = fileURLToPath(new URL('./masked.js', import.meta.url));
  const output = execFileSync(process.execPath, [...process.execArgv, file, String(durationMs)], {
    encoding: 'utf8',
    env: { ...process.env, OPENSSL_ia32cap: WITHOUT_SHA_EXTENSIONS },
    maxBuffer: 1 << 28,
  });
  return JSON.parse(output) as PairedResult;
}
