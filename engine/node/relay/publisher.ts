import type { DirectoryAuthority } from '../../onion/directory/authority-types.ts';
import type { DirectoryAnswer } from '../../onion/directory/directory-answer.ts';
import type { Result } from '../../onion/directory/result.ts';
import { checkRequest, judgeCheck, judgeUpload, uploadRequest } from '../../onion/directory/upload.ts';
import type { Clock } from '../../runtime/port.ts';
import type { Log } from '../log.ts';
import type { RelayDocuments } from './descriptor-source.ts';
import { type AskAuthority, authorityName } from './directory-mirror.ts';
import { type Published, type PublishReason, publishReason, uploadPauseMs } from './publish-decision.ts';

/** An authority's clock may differ by this much before the operator hears of it. */
const SKEW_MAX_MS = 3_600_000;

/** How an authority stands to the newest descriptor. */
export type UploadState = 'pending' | 'accepted' | 'rejected' | 'unreachable';
export const UPLOAD_STATES: readonly UploadState[] = ['pending', 'accepted', 'rejected', 'unreachable'];

interface Desk {
  readonly authority: DirectoryAuthority;
  state: UploadState;
  failures: number;
  /** Wall clock. */
  nextTryMs: number;
  isBusy: boolean;
  /** What was said last, so that it is not said again. */
  said: string;
}

export interface PublisherModules {
  readonly ask: AskAuthority;
  readonly clock: Clock;
  readonly log: Log;
  /** Signs new documents; the reason of a failure is for the operator. */
  readonly make: (nowMs: number) => Result<RelayDocuments>;
  /** What {@link publishReason} compares. */
  readonly situation: () => {
    readonly essence: string;
    readonly observedBytesPerSec: number;
    readonly isListed: boolean | undefined;
  };
  readonly onPublished: (documents: RelayDocuments) => void;
}

/**
 * Tells the authorities about the relay when there is something to tell, and looks afterwards whether they took it: an
 * authority says 200 to what it throws away, too.
 */
export class Publisher {
  readonly #modules: PublisherModules;
  readonly #desks: readonly Desk[];
  #last: Published | undefined;
  #documents: RelayDocuments | undefined;
  #complaint = '';

  constructor(options: { readonly authorities: readonly DirectoryAuthority[] }, modules: PublisherModules) {
    this.#modules = modules;
    this.#desks = options.authorities.map((authority) => ({ authority, ...newDesk(), said: '' }));
  }

  /** How many authorities are in which state. */
  states(): Readonly<Record<UploadState, number>> {
    const counts = { pending: 0, accepted: 0, rejected: 0, unreachable: 0 };
    for (const { state } of this.#desks) counts[state] += 1;
    return counts;
  }

  /** Unix milliseconds; undefined: never. */
  get publishedMs(): number | undefined {
    return this.#last?.atMs;
  }

  /** To be called every few seconds. Resolves when the uploads that were due are done. */
  async tick(): Promise<void> {
    const nowMs = this.#modules.clock.wallClock();
    const situation = this.#modules.situation();
    const reason = publishReason(this.#last, { nowMs, ...situation });
    if (reason !== undefined) this.#publish(reason, nowMs, situation);
    const documents = this.#documents;
    if (documents === undefined) return;
    const due = this.#desks.filter(
      ({ state, isBusy, nextTryMs }) => state !== 'accepted' && !isBusy && nextTryMs <= nowMs,
    );
    await Promise.all(due.map((desk) => this.#upload(desk, documents)));
  }

  #publish(reason: PublishReason, nowMs: number, situation: Omit<Published, 'atMs'>): void {
    const made = this.#modules.make(nowMs);
    if (!made.ok) {
      if (made.reason !== this.#complaint) this.#modules.log.error(made.reason);
      this.#complaint = made.reason;
      return;
    }
    this.#complaint = '';
    const { essence, observedBytesPerSec } = situation;
    this.#last = { atMs: nowMs, essence, observedBytesPerSec };
    this.#documents = made.value;
    for (const desk of this.#desks) Object.assign(desk, newDesk(), { isBusy: desk.isBusy });
    this.#modules.onPublished(made.value);
    this.#modules.log.info('publishing the descriptor', { reason });
  }

  async #upload(desk: Desk, documents: RelayDocuments): Promise<void> {
    desk.isBusy = true;
    try {
      await this.#tryUpload(desk, documents);
    } finally {
      desk.isBusy = false;
    }
  }

  async #tryUpload(desk: Desk, documents: RelayDocuments): Promise<void> {
    const { ask, clock } = this.#modules;
    const { authority } = desk;
    const answer = await ask(authority, uploadRequest(documents.descriptor, documents.extraInfo));
    if (documents !== this.#documents) return; // a newer one is to be uploaded
    if (!answer.ok) {
      this.#failed(desk, 'unreachable', answer.reason);
      return;
    }
    this.#lookAtClock(desk, answer.value);
    const verdict = judgeUpload(answer.value);
    if (verdict.kind === 'refused' || verdict.kind === 'busy') {
      this.#failed(desk, verdict.kind === 'busy' ? 'unreachable' : 'rejected', verdict.reason);
      return;
    }
    const held = await ask(authority, checkRequest(documents.parsed.fingerprint));
    if (documents !== this.#documents) return;
    if (!held.ok) {
      this.#failed(desk, 'unreachable', held.reason);
      return;
    }
    const check = judgeCheck(held.value, documents.parsed, clock.wallClock());
    if (check.kind !== 'accepted') {
      this.#failed(desk, check.kind === 'rejected' ? 'rejected' : 'unreachable', check.reason);
      return;
    }
    Object.assign(desk, { state: 'accepted', failures: 0, said: '' });
    this.#modules.log.info('an authority has the descriptor', { authority: authorityName(desk.authority) });
  }

  #failed(desk: Desk, state: 'rejected' | 'unreachable', reason: string): void {
    desk.state = state;
    desk.failures += 1;
    desk.nextTryMs = this.#modules.clock.wallClock() + uploadPauseMs(desk.failures);
    if (desk.said === reason) return;
    desk.said = reason;
    const { log } = this.#modules;
    const fields = { authority: authorityName(desk.authority) };
    // What an authority refuses, only the operator can mend; what does not answer, time may.
    if (state === 'rejected') log.error(`an authority does not take the descriptor: ${reason}`, fields);
    else log.warn(`the descriptor could not be handed in: ${reason}`, fields);
  }

  #lookAtClock(desk: Desk, answer: DirectoryAnswer): void {
    const { clock, log } = this.#modules;
    if (answer.dateMs === undefined) return;
    const skewMs = clock.wallClock() - answer.dateMs;
    if (Math.abs(skewMs) < SKEW_MAX_MS) return;
    const seconds = Math.round(skewMs / 1000);
    log.warn('the clock of this machine and that of an authority differ', {
      authority: authorityName(desk.authority),
      seconds,
    });
  }
}

function newDesk(): { state: UploadState; failures: number; nextTryMs: number; isBusy: boolean } {
  return { state: 'pending', failures: 0, nextTryMs: 0, isBusy: false };
}
