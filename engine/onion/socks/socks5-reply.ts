import type { StreamReason } from '../client/types.ts';

/** Replies of RFC 1928, section 6. */
export const REPLY = {
  succeeded: 0,
  general: 1,
  notAllowed: 2,
  networkUnreachable: 3,
  hostUnreachable: 4,
  refused: 5,
  timedOut: 6,
  badCommand: 7,
  badAddress: 8,
} as const;

/** What a program hears. What says nothing about its destination is a general failure: it may try again. */
const REPLIES: Readonly<Record<StreamReason, number>> = {
  misc: REPLY.general,
  resolveFailed: REPLY.hostUnreachable,
  connectRefused: REPLY.refused,
  exitPolicy: REPLY.notAllowed,
  destroy: REPLY.general,
  done: REPLY.general,
  timeout: REPLY.timedOut,
  noRoute: REPLY.hostUnreachable,
  hibernating: REPLY.general,
  internal: REPLY.general,
  resourceLimit: REPLY.general,
  connectionReset: REPLY.refused,
  protocol: REPLY.general,
  notDirectory: REPLY.general,
  'no-exit': REPLY.notAllowed,
  'no-circuit': REPLY.networkUnreachable,
  'circuit-closed': REPLY.general,
  'private-answer': REPLY.notAllowed,
  'bad-name': REPLY.hostUnreachable,
  stopped: REPLY.general,
  closed: REPLY.general,
  'too-many': REPLY.general,
};

/** The reply for a stream that did not come to be. */
export function replyOf(reason: StreamReason): number {
  return REPLIES[reason];
}
