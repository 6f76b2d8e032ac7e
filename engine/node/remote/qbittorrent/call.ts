import type { Control } from '../../control/control.ts';
import type { RowList } from '../row-list.ts';
import type { NodeFacts } from '../transmission/call.ts';
import type { Params } from './params.ts';
import type { SteadyParts } from './steady.ts';

/** An answer: text as it is, a value as JSON (with rows still to be written), or a file. */
export type Reply =
  | { readonly text: string; readonly status?: 200 | 400 | 403 | 404 | 405 | 409 | 415 }
  | { readonly json: unknown; readonly list?: RowList }
  | { readonly bytes: Uint8Array; readonly type: string };

/** What a method works with. */
export interface Call {
  readonly control: Control;
  readonly facts: NodeFacts;
  readonly params: Params;
  /** Unix milliseconds. */
  readonly nowMs: () => number;
  /** Bytes that are free where downloads go; asked for at most every few seconds. */
  readonly freeBytes: () => Promise<number>;
  /** Names that clients may still know though they are gone. */
  readonly gone: { readonly categories: () => readonly string[]; readonly tags: () => readonly string[] };
  /** What clients know of rows already. */
  readonly steady: SteadyParts;
  readonly shutDown: () => void;
}

export interface Method {
  /** Only taken with POST: a link must not change anything. */
  readonly changes: boolean;
  readonly run: (call: Call) => Promise<Reply>;
}

export const DONE: Reply = { text: '' };
