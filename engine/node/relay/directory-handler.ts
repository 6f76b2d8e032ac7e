import { joinBytes } from '../../onion/crypto/bytes.ts';
import { answerDirectoryRequest } from '../../onion/directory/cache-answer.ts';
import { type AnswerDraft, encodeAnswerHead } from '../../onion/directory/directory-answer.ts';
import { DirectoryRequestReader } from '../../onion/directory/directory-request.ts';
import type { DirectoryStore } from '../../onion/directory/store.ts';
import type { DirectoryHandler } from '../../onion/relay/services.ts';
import type { Clock } from '../../runtime/port.ts';

/** Nothing that may be asked here has a longer body. */
export const REQUEST_BODY_BYTES_MAX = 64 * 1024;

/** What was answered, by status. */
export type DirectoryCounts = Record<AnswerDraft['status'], number>;

/** Answers requests over BEGIN_DIR from what the relay keeps. `counts` goes up with each answer. */
export function directoryHandler(modules: {
  readonly store: DirectoryStore;
  readonly clock: Clock;
  readonly counts: DirectoryCounts;
}): DirectoryHandler {
  const { store, clock, counts } = modules;
  return (bytes) => {
    const nowMs = clock.wallClock();
    const request = new DirectoryRequestReader({ bodyBytesMax: REQUEST_BODY_BYTES_MAX }).push(bytes);
    if (request.ok && request.value === 'more') return undefined;
    const draft =
      request.ok && request.value !== 'more'
        ? answerDirectoryRequest(store, request.value, nowMs)
        : badRequest();
    counts[draft.status] += 1;
    return joinBytes(encodeAnswerHead(draft, { nowMs, clientAddress: undefined }), ...draft.body);
  };
}

function badRequest(): AnswerDraft {
  return { status: 400, reason: 'Bad request', body: [], encoding: 'identity', lifetimeMs: undefined };
}
