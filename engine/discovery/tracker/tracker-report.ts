import type { AlliumError } from '../../codec/error.ts';
import type { AnnounceAnswer } from './types.ts';

/** What became of the last announces to one tracker. */
export interface TrackerResult {
  readonly state: 'idle' | 'announcing' | 'working' | 'failed';
  /** What it said last, or why it failed; empty: nothing. */
  readonly message: string;
  /** As it said last; undefined: it did not. */
  readonly complete: number | undefined;
  readonly incomplete: number | undefined;
  readonly peersGiven: number;
  /** Of the last attempt, Unix milliseconds; 0: never. */
  readonly atMs: number;
}

/** One tracker of a torrent and what is known of it. */
export interface TrackerReport extends TrackerResult {
  /** May hold a secret. */
  readonly url: string;
  /** From 0 (BEP 12). */
  readonly tier: number;
  /** When it is asked next, on the runtime's clock; undefined: not planned. */
  readonly nextAtMs: number | undefined;
}

/** Before the first announce. */
export const NOT_ASKED: TrackerResult = {
  state: 'idle',
  message: '',
  complete: undefined,
  incomplete: undefined,
  peersGiven: 0,
  atMs: 0,
};

/** It has been asked and has not answered yet. */
export function asked(before: TrackerResult): TrackerResult {
  return { ...before, state: 'announcing' };
}

/** It has answered. */
export function answered(before: TrackerResult, answer: AnnounceAnswer, atMs: number): TrackerResult {
  return {
    state: 'working',
    message: answer.warning ?? '',
    complete: answer.complete ?? before.complete,
    incomplete: answer.incomplete ?? before.incomplete,
    peersGiven: answer.peers.length,
    atMs,
  };
}

/** It could not be reached, or has refused. */
export function refused(before: TrackerResult, { message }: AlliumError, atMs: number): TrackerResult {
  return { ...before, state: 'failed', message, atMs };
}
