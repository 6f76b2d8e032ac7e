import { readHex } from '../../codec/hex.ts';
import { ANNOUNCER_DEFAULTS, type AnnounceHandover } from '../../discovery/tracker/announcer.ts';
import { hostOf } from '../../discovery/tracker/http-announce.ts';
import type { AnnounceAnswer, AnnounceEvent, AnnounceTransport } from '../../discovery/tracker/types.ts';
import type { Clock, Random } from '../../runtime/port.ts';
import type { Entry } from './entry.ts';

export interface AnnounceDeskOptions {
  /** Announces of dormant torrents under way with the host of one tracker, and with all. */
  readonly perHostMax: number;
  readonly totalMax: number;
  /** First announces of a whole library are spread over so much. */
  readonly spreadMs: number;
  /** At least so long between two first announces; shorter when {@link spreadMs} asks for it. */
  readonly gapMs: number;
  readonly peersWanted: number;
  /** Trackers told that this node leaves, when it does. */
  readonly goodbyesMax: number;
}

export const ANNOUNCE_DESK_DEFAULTS: AnnounceDeskOptions = {
  perHostMax: 8,
  totalMax: 128,
  spreadMs: 15 * 60_000,
  gapMs: 100,
  peersWanted: 50,
  goodbyesMax: 2_000,
};

/** A torrent that is not in memory, as one tracker at a time knows it; a hybrid torrent has two (BEP 52). */
export interface DormantAnnounce {
  readonly entry: Entry;
  readonly infoHash: string;
  key: number;
  url: string | undefined;
  trackerId: Uint8Array | undefined;
  uploaded: number;
  downloaded: number;
  /** On the runtime's clock. */
  nextAtMs: number;
  failures: number;
  message: string;
  lastAtMs: number;
  isBusy: boolean;
  /** It is announced by somebody else by now, or not at all. */
  isOver: boolean;
}

export interface AnnounceDeskModules {
  readonly clock: Clock;
  readonly random: Random;
  /** By URL scheme without colon; none: nobody is told. */
  readonly transports: () => Readonly<Record<string, AnnounceTransport>>;
  readonly peerId: Uint8Array;
  readonly port: () => number;
  readonly onAnswer: (entry: Entry, answer: AnnounceAnswer) => void;
}

const SECOND_MS = 1_000;
/** Trackers refuse port 0. */
const NOWHERE_PORT = 1;

interface Host {
  readonly waiting: DormantAnnounce[];
  underWay: number;
}

/**
 * Tells the trackers of the torrents that seed without being in memory. One look a second finds those that are due; how
 * many are under way is bounded, so that a library of any size costs a few announces at a time and no timers.
 */
export class AnnounceDesk {
  private readonly options: AnnounceDeskOptions;
  private readonly modules: AnnounceDeskModules;
  /** By the second at which they are due. */
  private readonly wheel = new Map<number, DormantAnnounce[]>();
  private readonly hosts = new Map<string, Host>();
  private readonly known = new Set<DormantAnnounce>();
  private lastSecond: number;
  private underWay = 0;
  private gapMs: number;
  private nextFirstMs = Number.NEGATIVE_INFINITY;

  constructor(options: AnnounceDeskOptions, modules: AnnounceDeskModules) {
    this.options = options;
    this.modules = modules;
    this.gapMs = options.gapMs;
    this.lastSecond = this.second(modules.clock.now());
  }

  /** Torrents it announces; a hybrid one counts twice. */
  get size(): number {
    return this.known.size;
  }

  /** So many are about to come at once. */
  expect(count: number): void {
    this.gapMs = Math.min(this.options.gapMs, this.options.spreadMs / Math.max(1, count));
  }

  /** `from`: who has told the trackers so far, for each info-hash. */
  add(entry: Entry, from: readonly (AnnounceHandover | undefined)[] = []): void {
    if (entry.calls.length > 0 || entry.trackers.length === 0) return;
    const { infoHash, infoHashV2 } = entry.row;
    const hashes = infoHashV2 === '' || infoHashV2 === infoHash ? [infoHash] : [infoHash, infoHashV2];
    const { clock, random } = this.modules;
    for (const [index, hash] of hashes.entries()) {
      const before = from[index];
      const call: DormantAnnounce = {
        entry,
        infoHash: hash.slice(0, 40),
        key: before?.key ?? random.below(2 ** 32),
        url: before?.url,
        trackerId: before?.trackerId,
        uploaded: before?.uploaded ?? 0,
        downloaded: before?.downloaded ?? 0,
        nextAtMs: before?.url === undefined ? this.firstTurn() : clock.now() + before.nextInMs,
        failures: 0,
        message: '',
        lastAtMs: 0,
        isBusy: false,
        isOver: false,
      };
      entry.calls.push(call);
      this.known.add(call);
      this.plan(call);
    }
  }

  /** Stops without a goodbye: somebody else goes on with what is returned, for each info-hash. */
  release(entry: Entry): readonly AnnounceHandover[] {
    const now = this.modules.clock.now();
    return this.drop(entry).map(({ key, url, trackerId, nextAtMs, uploaded, downloaded }) => {
      const nextInMs = Math.max(0, nextAtMs - now);
      return { key, url, trackerId, nextInMs, uploaded, downloaded };
    });
  }

  /** Stops, and tells the tracker. */
  leave(entry: Entry): void {
    for (const call of this.drop(entry)) void this.goodbye(call);
  }

  /** Announces as soon as there is a turn. */
  announceSoon(entry: Entry): void {
    for (const call of entry.calls) {
      if (call.isBusy) continue;
      call.nextAtMs = this.modules.clock.now();
      this.plan(call);
    }
  }

  /** To be called about once a second. */
  tick(): void {
    const second = this.second(this.modules.clock.now());
    // After a long sleep of the machine the wheel may be far behind; then all that is late is due.
    const from = Math.max(this.lastSecond + 1, second - this.wheel.size - 3_600);
    for (let at = from; at <= second; at += 1) this.collect(at);
    if (from > this.lastSecond + 1) for (const at of this.wheel.keys()) if (at <= second) this.collect(at);
    this.lastSecond = second;
  }

  /** Tells trackers that this node leaves; as many as there is time for. */
  async close(): Promise<void> {
    const leaving = [...this.known]
      .filter((call) => call.url !== undefined)
      .slice(0, this.options.goodbyesMax);
    for (const call of this.known) call.isOver = true;
    this.known.clear();
    await Promise.all(leaving.map((call) => this.goodbye(call)));
  }

  private firstTurn(): number {
    const now = this.modules.clock.now();
    this.nextFirstMs = Math.max(now, this.nextFirstMs + this.gapMs);
    return this.nextFirstMs;
  }

  private second(ms: number): number {
    return Math.floor(ms / SECOND_MS);
  }

  private plan(call: DormantAnnounce): void {
    const at = Math.max(this.lastSecond + 1, this.second(call.nextAtMs));
    const due = this.wheel.get(at);
    if (due === undefined) this.wheel.set(at, [call]);
    else due.push(call);
  }

  private collect(second: number): void {
    const due = this.wheel.get(second);
    if (due === undefined) return;
    this.wheel.delete(second);
    for (const call of due) {
      // It may have been put off, or be in here twice.
      if (call.isOver || call.isBusy || this.second(call.nextAtMs) > second) continue;
      call.isBusy = true;
      const host = this.hostFor(this.order(call)[0] ?? '');
      host.waiting.push(call);
      this.serve(host);
    }
  }

  private serve(host: Host): void {
    const { perHostMax, totalMax } = this.options;
    while (host.underWay < perHostMax && this.underWay < totalMax) {
      const call = host.waiting.shift();
      if (call === undefined) return;
      if (call.isOver) continue;
      host.underWay += 1;
      this.underWay += 1;
      void this.round(call).finally(() => {
        host.underWay -= 1;
        this.underWay -= 1;
        this.serve(host);
        this.serveOthers();
      });
    }
  }

  /** Those who were held up by the total only. */
  private serveOthers(): void {
    for (const [name, host] of this.hosts) {
      if (host.waiting.length > 0) this.serve(host);
      else if (host.underWay === 0) this.hosts.delete(name);
      if (this.underWay >= this.options.totalMax) return;
    }
  }

  /** Tries one tracker after the other until one answers (BEP 12). */
  private async round(call: DormantAnnounce): Promise<void> {
    for (const url of this.order(call)) {
      try {
        const event: AnnounceEvent = call.url === url ? undefined : 'started';
        const answer = await this.exchange(call, url, event, ANNOUNCER_DEFAULTS.timeoutMs);
        if (call.isOver) return;
        this.onAnswer(call, url, answer);
        return;
      } catch (error) {
        if (call.isOver) return;
        call.message = error instanceof Error ? error.message : String(error);
      }
    }
    const { retryMaxMs } = ANNOUNCER_DEFAULTS;
    call.failures += 1;
    const pauseMs = Math.min(retryMaxMs, 60_000 * 2 ** Math.min(call.failures, 10));
    this.next(call, pauseMs + this.modules.random.below(pauseMs));
  }

  private onAnswer(call: DormantAnnounce, url: string, answer: AnnounceAnswer): void {
    const { intervalMinMs, intervalMaxMs, intervalDefaultMs } = ANNOUNCER_DEFAULTS;
    call.url = url;
    call.failures = 0;
    call.message = answer.warning ?? '';
    call.trackerId = answer.trackerId ?? call.trackerId;
    call.lastAtMs = this.modules.clock.now();
    const wantedMs = Math.max(answer.minIntervalMs ?? 0, answer.intervalMs ?? intervalDefaultMs);
    this.next(call, Math.min(intervalMaxMs, Math.max(intervalMinMs, wantedMs)));
    this.modules.onAnswer(call.entry, answer);
  }

  private next(call: DormantAnnounce, delayMs: number): void {
    call.isBusy = false;
    call.nextAtMs = this.modules.clock.now() + delayMs;
    this.plan(call);
  }

  /** The one that has answered first. */
  private order({ entry, url }: DormantAnnounce): readonly string[] {
    const all = entry.trackers.flat();
    return url === undefined ? all : [url, ...all.filter((other) => other !== url)];
  }

  private drop(entry: Entry): DormantAnnounce[] {
    const calls = entry.calls.splice(0);
    for (const call of calls) {
      call.isOver = true;
      this.known.delete(call);
    }
    return calls;
  }

  private async goodbye(call: DormantAnnounce): Promise<void> {
    if (call.url === undefined) return;
    await this.exchange(call, call.url, 'stopped', ANNOUNCER_DEFAULTS.stopTimeoutMs).catch(() => {});
  }

  private async exchange(
    call: DormantAnnounce,
    url: string,
    event: AnnounceEvent,
    timeoutMs: number,
  ): Promise<AnnounceAnswer> {
    const { transports, peerId, port } = this.modules;
    const transport = transports()[url.slice(0, url.indexOf(':')).toLowerCase()];
    if (transport === undefined) throw new Error('there is no way to this tracker');
    const { key, trackerId, uploaded, downloaded } = call;
    const { totalBytes, doneBytes } = call.entry.row;
    const left = Math.max(0, totalBytes - doneBytes);
    return transport(
      url,
      {
        ...{ peerId, key, trackerId, uploaded, downloaded, left, event },
        infoHash: readHex(call.infoHash)!,
        port: port() === 0 ? NOWHERE_PORT : port(),
        peersWanted: event === 'stopped' ? 0 : this.options.peersWanted,
      },
      timeoutMs,
    );
  }

  private hostFor(url: string): Host {
    const name = hostOf(url);
    let host = this.hosts.get(name);
    if (host === undefined) {
      host = { waiting: [], underWay: 0 };
      this.hosts.set(name, host);
    }
    return host;
  }
}
