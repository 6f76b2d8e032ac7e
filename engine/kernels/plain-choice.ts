import { hash } from 'node:crypto';
import { choiceOfOne, type KernelChoice } from './choice.ts';

const PROBE_BYTES = 65_536;
const PROBE_ROUNDS = 8;
/**
 * How much longer SHA-256 takes than SHA-1: 1.0 to 1.2 times with SHA instructions, twice and more without (measured
 * 1.07 and 2.1 on one CPU, with them and with `OPENSSL_ia32cap` hiding them).
 */
const RATIO_MAX = 1.5;

/**
 * What a calibration for several threads comes to where that is plain in a millisecond: undefined where it is not.
 * On a CPU with SHA instructions no kernel has been faster than these by what threads that share cores lose (see
 * `SHARED_CORE_FACTOR`), and the pairs of a tree, small as they are, always were faster by WASM.
 */
export function plainChoice(): KernelChoice | undefined {
  return hasShaInstructions() ? { ...choiceOfOne('native'), 'sha256-root': 'wasm' } : undefined;
}

function hasShaInstructions(): boolean {
  const probe = new Uint8Array(PROBE_BYTES);
  const best = { sha1: Number.POSITIVE_INFINITY, sha256: Number.POSITIVE_INFINITY };
  for (let round = 0; round < PROBE_ROUNDS; round += 1) {
    for (const name of ['sha1', 'sha256'] as const) {
      const from = performance.now();
      hash(name, probe, 'binary');
      best[name] = Math.min(best[name], performance.now() - from);
    }
  }
  return best.sha256 < best.sha1 * RATIO_MAX;
}
