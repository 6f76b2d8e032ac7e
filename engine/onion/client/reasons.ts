import { DESTROY_REASON, END_REASON, type EndReason } from '../cell/reason.ts';
import type { StreamReason } from './types.ts';

const DESTROY_NAMES = new Map<number, string>(
  Object.entries(DESTROY_REASON).map(([name, reason]) => [reason, name]),
);
const END_NAMES = new Map<number, StreamReason>(
  Object.entries(END_REASON).map(([name, reason]) => [reason, name as keyof typeof END_REASON]),
);

/** The name of a reason in DESTROY or TRUNCATED. */
export function destroyReasonName(reason: number): string {
  return DESTROY_NAMES.get(reason) ?? `reason ${reason}`;
}

/** The name of a reason in END. */
export function endReasonName(reason: EndReason): StreamReason {
  return END_NAMES.get(reason) ?? 'misc';
}
