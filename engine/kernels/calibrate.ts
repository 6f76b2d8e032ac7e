import { choiceOfOne, type KernelChoice, type KernelPolicy, type OperationName } from './choice.ts';
import type { Twin } from './lane-hasher.ts';
import { createKernelMemory, scratchOffset } from './memory-map.ts';
import { type CompiledKernels, loadKernels } from './module.ts';
import { OPERATION_BYTES, operationRounds } from './operations.ts';
import { plainChoice } from './plain-choice.ts';

/** What both twins of an operation took for one round, at their best. */
export interface CalibratedOperation {
  readonly name: OperationName;
  readonly twin: Twin;
  readonly wasmUs: number;
  readonly nativeUs: number;
}

export interface Calibration {
  readonly choice: KernelChoice;
  readonly operations: readonly CalibratedOperation[];
  readonly durationMs: number;
}

/** In all, with the time in which the engine still translates the kernels. */
const BUDGET_MS = 45;
/**
 * Rounds of each twin, even where the budget is over, as on a machine that is busy: the first ones only wake the
 * optimizing compilers. With 3 a wrong twin was chosen at a load of nine on two cores.
 */
const ROUNDS_MIN = 12;
/** After so many rounds a twin that is so much slower is given up, which leaves time for the close ones. */
const CLEAR_ROUNDS = 5;
const CLEAR_FACTOR = 1.8;
/** Close calls get more rounds: so that one of them meets a moment in which nobody else has the core. */
const CLOSE_ROUNDS = 80;
const CLOSE_FACTOR = 1.35;
/**
 * A neighbour on the other half of the core slows code that uses every execution unit, which is the kernels, and hardly
 * OpenSSL's SHA instructions, which wait for each other. What is measured errs to one side only, so a tie goes to WASM.
 */
export const WASM_CREDIT = 1.08;

/**
 * Where several threads hash at once they often share cores two by two, and the same effect is our own doing: then the
 * kernels must be this much faster alone. Measured, two threads on one core of two halves: alone 2.03 GB/s by WASM and
 * 1.66 by SHA instructions, `verify` with two threads 1.99 and 2.39.
 */
export const SHARED_CORE_FACTOR = 1.35;

/**
 * Measures both twins of every operation on this machine, in turn, and chooses the faster. The best of many short
 * rounds counts: what else the machine does only ever makes a round longer.
 */
export function calibrate(compiled: CompiledKernels, budgetMs: number = BUDGET_MS): Calibration {
  const from = performance.now();
  const memory = createKernelMemory(OPERATION_BYTES);
  const kernels = loadKernels({ memory, compiled, scratchOffset: scratchOffset(0) });
  const found = operationRounds(kernels).map((operation) => ({
    operation,
    best: { wasm: Number.POSITIVE_INFINITY, native: Number.POSITIVE_INFINITY },
  }));
  const until = from + budgetMs;
  for (let round = 0; round < CLOSE_ROUNDS || performance.now() < until; round += 1) {
    for (const { operation, best } of found) {
      if (isDecided(best, round) && performance.now() >= until) continue;
      if (isClear(best, round)) continue;
      for (const twin of ['wasm', 'native'] as const) {
        best[twin] = Math.min(best[twin], timeMs(operation.rounds[twin]));
      }
    }
  }
  const operations = found.map(({ operation: { name }, best }) => ({
    name,
    twin: fasterTwin(best.wasm, best.native * WASM_CREDIT),
    wasmUs: best.wasm * 1000,
    nativeUs: best.native * 1000,
  }));
  const choice = Object.fromEntries(operations.map(({ name, twin }) => [name, twin])) as KernelChoice;
  return { choice, operations, durationMs: performance.now() - from };
}

/** What was measured in this process: a fact about the machine, so all may share it. */
let measured: Calibration | undefined;

/**
 * The choice under a policy for `threadCount` threads that work at once. For `auto` it measures, once in a process,
 * unless the outcome is plain: that spares several threads 80 ms, a third of the start. Hand the result to them.
 */
export function chooseKernels(
  policy: KernelPolicy,
  compiled: CompiledKernels,
  threadCount = 1,
): KernelChoice {
  if (policy !== 'auto') return choiceOfOne(policy);
  const plain = threadCount > 1 && measured === undefined ? plainChoice() : undefined;
  if (plain !== undefined) return plain;
  measured ??= calibrate(compiled);
  return threadCount > 1 ? choiceForMany(measured.operations) : measured.choice;
}

/** The choice for threads that may share cores. */
export function choiceForMany(operations: readonly CalibratedOperation[]): KernelChoice {
  const twins = operations.map(({ name, wasmUs, nativeUs }) => [
    name,
    fasterTwin(wasmUs * SHARED_CORE_FACTOR, nativeUs),
  ]);
  return Object.fromEntries(twins) as KernelChoice;
}

function fasterTwin(wasm: number, native: number): Twin {
  return wasm <= native ? 'wasm' : 'native';
}

function isClear(best: Readonly<Record<Twin, number>>, round: number): boolean {
  return round >= CLEAR_ROUNDS && apart(best) > CLEAR_FACTOR;
}

function isDecided(best: Readonly<Record<Twin, number>>, round: number): boolean {
  return round >= ROUNDS_MIN && apart(best) > CLOSE_FACTOR;
}

/** How many times the slower twin takes as long as the faster. */
function apart(best: Readonly<Record<Twin, number>>): number {
  return Math.max(best.wasm, best.native) / Math.min(best.wasm, best.native);
}

function timeMs(round: () => void): number {
  const from = performance.now();
  round();
  return performance.now() - from;
}
