import { AlliumError } from '../../codec/error.ts';

/**
 * Opens `port`, or with “auto” the first of `candidates` that is free. Rejects with what `open` says; with “auto”
 * only when all of them are taken.
 */
export async function openPort<T>(
  port: number | 'auto',
  candidates: readonly number[],
  open: (port: number) => Promise<T>,
): Promise<T> {
  if (port !== 'auto') return open(port);
  for (const [index, candidate] of candidates.entries()) {
    try {
      return await open(candidate);
    } catch (error) {
      const isTaken = error instanceof AlliumError && error.code === 'ADDRESS_IN_USE';
      if (!isTaken || index === candidates.length - 1) throw error;
    }
  }
  throw new RangeError('no candidates');
}
