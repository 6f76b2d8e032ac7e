import type { NodeContact } from './types.ts';

/** BEP 5: a node is good for so long after it was heard of; a bucket is fresh for so long after it changed. */
export const FRESH_MS = 15 * 60_000;
/** BEP 5: the least recently seen node gets one retry before it makes room. */
export const FAILURES_MAX = 2;

/** A node in the routing table or waiting to get there. It has answered us at least once. */
export interface TableNode extends NodeContact {
  /** Id, address and port as answers carry them. */
  readonly compact: Uint8Array;
  /** /24 or /64; undefined for local addresses, which are not counted. */
  readonly subnet: string | undefined;
  /** BEP 42: whether its id fits its address. */
  readonly isSecure: boolean;
  /** When it last answered or asked something. */
  seenMs: number;
  /** When it last answered. */
  answeredMs: number;
  /** Queries in a row that it has not answered. */
  failures: number;
  /** Of its last answer. */
  rttMs: number;
  /** Whether a ping that decides on its place is under way. */
  isChecked: boolean;
}

/** BEP 5: good, questionable or bad. */
export type NodeState = 'good' | 'questionable' | 'bad';

/**
 * BEP 5: good is who has answered within 15 minutes, or has ever answered and has asked something within 15
 * minutes. Who fails repeatedly is bad, all others are questionable.
 */
export function stateOf(node: TableNode, nowMs: number): NodeState {
  if (node.failures >= FAILURES_MAX) return 'bad';
  if (node.failures > 0) return 'questionable';
  return nowMs - node.seenMs <= FRESH_MS ? 'good' : 'questionable';
}
