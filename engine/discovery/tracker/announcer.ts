import { AlliumError } from '../../codec/error.ts';
import type { Endpoint, Runtime, Timer } from '../../runtime/port.ts';
import { TrackerTiers } from './tiers.ts';
import {
  answered,
  asked,
  NOT_ASKED,
  refused,
  type TrackerReport,
  type TrackerResult,
} from './tracker-report.ts';
import type { AnnounceAnswer, AnnounceEvent, AnnounceRequest, AnnounceTransport } from './types.ts';

export interface AnnouncerOptions {
  /** BEP 12. */
  readonly tiers: readonly (readonly string[])[];
  /** 20 bytes, or 32 of which the first 20 count (BEP 52). A hybrid torrent has two announcers. */
  readonly infoHash: Uint8Array;
  readonly peerId: Uint8Array;
  readonly port: number;
  readonly peersWanted?: number;
  /** Bounds for the interval that a tracker names. */
  readonly intervalMinMs?: number;
  readonly intervalMaxMs?: number;
  /** When the tracker names none. */
  readonly intervalDefaultMs?: number;
  /** One exchange. */
  readonly timeoutMs?: number;
  /** `stopped` is a courtesy: closing a torrent waits no longer than this for it. */
  readonly stopTimeoutMs?: number;
  /** First pause after all trackers have failed; it doubles each time. */
  readonly retryMinMs?: number;
  readonly retryMaxMs?: number;
}

export const ANNOUNCER_DEFAULTS = {
  peersWanted: 200,
  intervalMinMs: 60_000,
  intervalMaxMs: 24 * 60 * 60_000,
  intervalDefaultMs: 30 * 60_000,
  timeoutMs: 20_000,
  stopTimeoutMs: 5_000,
  retryMinMs: 15_000,
  retryMaxMs: 30 * 60_000,
} as const;

/** Bytes since the torrent was started, and to go. */
export interface TransferTotals {
  readonly uploaded: number;
  readonly downloaded: number;
  readonly left: number;
}

export interface AnnouncerModules {
  readonly runtime: Runtime;
  readonly totals: () => TransferTotals;
  readonly onPeers: (peers: readonly Endpoint[]) => void;
  /** TRACKER_FAILED or NETWORK_FAILED; the next tracker is tried in any case. */
  readonly onFailure?: (error: AlliumError) => void;
  readonly onWarning?: (warning: string) => void;
  /** By URL scheme without colon. */
  readonly transports: Readonly<Record<string, AnnounceTransport>>;
}

/** What can be shown of an announcer. */
export interface AnnouncerStatus {
  readonly state: 'idle' | 'announcing' | 'waiting' | 'stopped';
  /** The tracker that answered last. May hold a secret. */
  readonly tracker: string | undefined;
  readonly complete: number | undefined;
  readonly incomplete: number | undefined;
  /** Of the last announce to any tracker, undefined when it went well. */
  readonly failure: AlliumError | undefined;
  /** On the runtime's clock. */
  readonly nextAtMs: number | undefined;
  /** Each tracker by itself, tier by tier. */
  readonly reports: () => readonly TrackerReport[];
}

/** What somebody else has to know to go on announcing a torrent without a goodbye in between. */
export interface AnnounceHandover {
  /** See {@link AnnounceRequest.key}. */
  readonly key: number;
  /** The tracker that has heard of it; undefined: none has. */
  readonly url: string | undefined;
  readonly trackerId: Uint8Array | undefined;
  readonly nextInMs: number;
  /** Bytes since that tracker heard `started`. */
  readonly uploaded: number;
  readonly downloaded: number;
}

const NOBODY = { url: undefined, trackerId: undefined };

/** What is known of one tracker. */
interface TrackerMemory {
  /** It has heard `started` and not `stopped`. */
  isStarted: boolean;
  /** It has heard `completed`. */
  isToldComplete: boolean;
  trackerId: Uint8Array | undefined;
  /** It asked not to be bothered before. */
  notBeforeMs: number;
  result: TrackerResult;
}

/**
 * Announces one info-hash to the trackers of a torrent for as long as the torrent runs: one tracker that answers is
 * enough (BEP 12); the others are tried in order when it fails. Every tracker hears `started` first, `completed`
 * once, and `stopped` in the end.
 */
export class Announcer {
  readonly #options: Required<AnnouncerOptions>;
  readonly #modules: AnnouncerModules;
  readonly #tiers: TrackerTiers;
  readonly #trackers = new Map<string, TrackerMemory>();
  #key: number;
  /** Told by who announced it before. */
  #before = { uploaded: 0, downloaded: 0 };
  #state: AnnouncerStatus['state'] = 'idle';
  #timer: Timer | undefined;
  #nextAtMs: number | undefined;
  /** Not sooner, whoever asks. */
  #earliestMs = Number.NEGATIVE_INFINITY;
  #failedRounds = 0;
  /** Grows with each stop, so that what was under way then has no say afterwards. */
  #life = 0;
  #isCompleted = false;
  #tracker: string | undefined;
  #answer: AnnounceAnswer | undefined;
  #failure: AlliumError | undefined;

  constructor(options: AnnouncerOptions, modules: AnnouncerModules) {
    this.#options = { ...ANNOUNCER_DEFAULTS, ...options };
    this.#modules = modules;
    this.#tiers = new TrackerTiers(options.tiers, modules.runtime.random);
    this.#key = modules.runtime.random.below(2 ** 32);
  }

  get status(): AnnouncerStatus {
    return {
      state: this.#state,
      tracker: this.#tracker,
      complete: this.#answer?.complete,
      incomplete: this.#answer?.incomplete,
      failure: this.#failure,
      nextAtMs: this.#nextAtMs,
      reports: () => this.#reports(),
    };
  }

  /** Announces now and from then on, or takes up where another has stopped. Does nothing without trackers. */
  start(from?: AnnounceHandover): void {
    if (this.#state !== 'idle' && this.#state !== 'stopped') return;
    this.#state = 'waiting';
    if (from?.url === undefined) {
      this.#schedule(0);
      return;
    }
    this.#key = from.key;
    this.#before = { uploaded: from.uploaded, downloaded: from.downloaded };
    const memory = this.#memoryOf(from.url);
    memory.isStarted = true;
    memory.trackerId = from.trackerId;
    // Who takes over a torrent that is complete has not completed it.
    memory.isToldComplete = this.#modules.totals().left === 0;
    this.#tiers.promote(from.url);
    this.#tracker = from.url;
    this.#schedule(from.nextInMs);
  }

  /** Stops without a goodbye: another goes on with what is returned. Undefined when it does not run. */
  release(): AnnounceHandover | undefined {
    if (this.#state === 'stopped' || this.#state === 'idle') return undefined;
    const nextInMs = Math.max(0, (this.#nextAtMs ?? 0) - this.#modules.runtime.clock.now());
    this.#end();
    const url = this.#tracker;
    const memory = url === undefined ? undefined : this.#memoryOf(url);
    const { uploaded, downloaded } = this.#totals();
    const known = memory?.isStarted === true ? { url, trackerId: memory.trackerId } : NOBODY;
    return { key: this.#key, ...known, nextInMs, uploaded, downloaded };
  }

  /** The download is complete; not to be called for a torrent that was complete when it was started (BEP 3). */
  completed(): void {
    this.#isCompleted = true;
    if (this.#state === 'waiting') this.#schedule(0);
  }

  /** More peers are wanted: announces as soon as the tracker allows. */
  announceSoon(): void {
    if (this.#state !== 'waiting') return;
    const { clock } = this.#modules.runtime;
    const waitMs = Math.max(0, this.#earliestMs - clock.now());
    if (this.#nextAtMs === undefined || clock.now() + waitMs < this.#nextAtMs) this.#schedule(waitMs);
  }

  /** Tells every tracker that was told of this peer that it leaves. Never rejects; takes a few seconds at most. */
  async stop(): Promise<void> {
    if (this.#state === 'stopped') return;
    this.#end();
    const goodbyes = [...this.#trackers]
      .filter(([, memory]) => memory.isStarted)
      .map(([url, memory]) => {
        memory.isStarted = false;
        return this.#exchange(url, memory, 'stopped', this.#options.stopTimeoutMs);
      });
    await Promise.allSettled(goodbyes);
  }

  #end(): void {
    this.#state = 'stopped';
    this.#life++;
    this.#timer?.cancel();
    this.#nextAtMs = undefined;
  }

  /** Bytes since the trackers heard `started`. */
  #totals(): TransferTotals {
    const { uploaded, downloaded, left } = this.#modules.totals();
    return {
      uploaded: uploaded + this.#before.uploaded,
      downloaded: downloaded + this.#before.downloaded,
      left,
    };
  }

  #reports(): readonly TrackerReport[] {
    const next = this.#tracker ?? this.#tiers.order[0];
    return this.#tiers.tiers.flatMap((urls, tier) =>
      urls.map((url) => {
        const result = this.#trackers.get(url)?.result ?? NOT_ASKED;
        return { ...result, url, tier, nextAtMs: url === next ? this.#nextAtMs : undefined };
      }),
    );
  }

  #schedule(delayMs: number): void {
    const { clock } = this.#modules.runtime;
    this.#timer?.cancel();
    this.#nextAtMs = clock.now() + delayMs;
    this.#timer = clock.setTimer(delayMs, () => {
      void this.#round();
    });
  }

  /** Tries one tracker after the other until one answers. */
  async #round(): Promise<void> {
    const life = this.#life;
    this.#state = 'announcing';
    this.#nextAtMs = undefined;
    for (const url of this.#tiers.order) {
      const answer = await this.#announceTo(url);
      if (this.#life !== life) return;
      if (answer === undefined) continue;
      this.#tiers.promote(url);
      this.#wait(this.#waitAfter(answer, this.#memoryOf(url)));
      // After the state is in order: the owner may stop the torrent right here.
      if (answer.warning !== undefined) this.#modules.onWarning?.(answer.warning);
      if (answer.peers.length > 0 && this.#life === life) this.#modules.onPeers(answer.peers);
      return;
    }
    this.#wait(this.#pauseAfterFailure());
  }

  #wait(delayMs: number): void {
    this.#state = 'waiting';
    this.#schedule(delayMs);
  }

  /** undefined when this tracker is of no use now. */
  async #announceTo(url: string): Promise<AnnounceAnswer | undefined> {
    const memory = this.#memoryOf(url);
    const life = this.#life;
    if (memory.notBeforeMs > this.#modules.runtime.clock.now()) return undefined;
    const event = this.#eventFor(memory);
    const wasCompleted = this.#isCompleted;
    // Told so far as anybody can know: a stop while this is under way must take it back.
    memory.isStarted = true;
    memory.result = asked(memory.result);
    try {
      const answer = await this.#exchange(url, memory, event, this.#options.timeoutMs);
      memory.result = answered(memory.result, answer, this.#modules.runtime.clock.wallClock());
      if (this.#life !== life) return undefined;
      // Who starts with nothing to go has not completed it here.
      if (event === 'completed' || (event === 'started' && wasCompleted)) memory.isToldComplete = true;
      memory.trackerId = answer.trackerId ?? memory.trackerId;
      this.#failedRounds = 0;
      this.#failure = undefined;
      this.#tracker = url;
      this.#answer = answer;
      return answer;
    } catch (error) {
      if (this.#life !== life) return undefined;
      if (event === 'started') memory.isStarted = false;
      this.#refuse(memory, error);
      return undefined;
    }
  }

  #eventFor(memory: TrackerMemory): AnnounceEvent {
    if (!memory.isStarted) return 'started';
    return this.#isCompleted && !memory.isToldComplete ? 'completed' : undefined;
  }

  #refuse(memory: TrackerMemory, thrown: unknown): void {
    const error =
      thrown instanceof AlliumError
        ? thrown
        : new AlliumError('TRACKER_FAILED', 'the tracker could not be asked', { cause: thrown });
    const { retryAfterMs } = error.details;
    if (typeof retryAfterMs === 'number') {
      memory.notBeforeMs = this.#modules.runtime.clock.now() + retryAfterMs;
    }
    memory.result = refused(memory.result, error, this.#modules.runtime.clock.wallClock());
    this.#failure = error;
    this.#modules.onFailure?.(error);
  }

  #waitAfter(answer: AnnounceAnswer, memory: TrackerMemory): number {
    const { intervalMinMs, intervalMaxMs, intervalDefaultMs } = this.#options;
    const clamp = (ms: number): number => Math.min(intervalMaxMs, Math.max(intervalMinMs, ms));
    const minMs = clamp(answer.minIntervalMs ?? intervalMinMs);
    this.#earliestMs = this.#modules.runtime.clock.now() + minMs;
    // The download was completed while this announce was under way.
    if (this.#eventFor(memory) === 'completed') return 0;
    return Math.max(minMs, clamp(answer.intervalMs ?? intervalDefaultMs));
  }

  /** Longer each time, and not the same for all: a tracker that comes back is not to meet all its peers at once. */
  #pauseAfterFailure(): number {
    const { retryMinMs, retryMaxMs } = this.#options;
    const { clock, random } = this.#modules.runtime;
    const pauseMs = Math.min(retryMaxMs, retryMinMs * 2 ** Math.min(this.#failedRounds++, 20));
    this.#earliestMs = clock.now() + pauseMs;
    return pauseMs + random.below(Math.ceil(pauseMs / 4) + 1);
  }

  #exchange(
    url: string,
    memory: TrackerMemory,
    event: AnnounceEvent,
    timeoutMs: number,
  ): Promise<AnnounceAnswer> {
    const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(url)?.[1]?.toLowerCase() ?? '';
    const transport = this.#modules.transports[scheme];
    if (transport === undefined) {
      const message = `no way to announce to a tracker of kind “${scheme}”`;
      return Promise.reject(new AlliumError('TRACKER_FAILED', message, { details: { scheme } }));
    }
    return transport(url, this.#request(memory, event), timeoutMs);
  }

  #request(memory: TrackerMemory, event: AnnounceEvent): AnnounceRequest {
    const { infoHash, peerId, port, peersWanted } = this.#options;
    return {
      infoHash: infoHash.subarray(0, 20),
      peerId,
      port,
      ...this.#totals(),
      event,
      peersWanted: event === 'stopped' ? 0 : peersWanted,
      key: this.#key,
      trackerId: memory.trackerId,
    };
  }

  #memoryOf(url: string): TrackerMemory {
    let memory = this.#trackers.get(url);
    if (memory === undefined) {
      const told = { isStarted: false, isToldComplete: false };
      memory = { ...told, trackerId: undefined, notBeforeMs: 0, result: NOT_ASKED };
      this.#trackers.set(url, memory);
    }
    return memory;
  }
}
