import type { Clock } from '../../runtime/port.ts';
import { RateGroup, type RateLimits } from './rate-group.ts';
import { TorrentLimits } from './torrent-limits.ts';
import { TurnQueue } from './turn-queue.ts';

const NONE: RateLimits = { downLimit: 0, upLimit: 0 };

/** Groups that nobody is under and that limit nothing are forgotten when there are more than this. */
const GROUPS_KEPT = 64;

/** The rate limits of a shard: of all its torrents, by category, by tracker, and of each. They may change at any time. */
export class LimitTree {
  readonly #all: RateGroup;
  readonly #clock: Clock;
  readonly #downQueue: TurnQueue;
  readonly #upQueue: TurnQueue;
  readonly #categories = new Map<string, RateGroup>();
  readonly #trackers = new Map<string, RateGroup>();

  constructor(modules: { readonly clock: Clock }) {
    this.#clock = modules.clock;
    this.#all = new RateGroup(modules);
    this.#downQueue = new TurnQueue(modules);
    this.#upQueue = new TurnQueue(modules);
  }

  /** Of all torrents together. */
  setAll(limits: RateLimits): void {
    this.#all.set(limits);
  }

  setCategory(name: string, limits: RateLimits): void {
    this.#set(this.#categories, name, limits);
  }

  /** By host of the tracker. */
  setTracker(host: string, limits: RateLimits): void {
    this.#set(this.#trackers, host, limits);
  }

  /** All limits by tracker anew: those that are not named are lifted. */
  setTrackers(limits: Readonly<Record<string, RateLimits>>): void {
    for (const host of this.#trackers.keys()) this.setTracker(host, limits[host] ?? NONE);
    for (const [host, own] of Object.entries(limits)) this.setTracker(host, own);
  }

  get all(): RateLimits {
    return this.#all.limits;
  }

  /** For one torrent. */
  forTorrent(): TorrentLimits {
    return new TorrentLimits({
      clock: this.#clock,
      downQueue: this.#downQueue,
      upQueue: this.#upQueue,
      groupsOf: (category, trackerHost) => this.#groupsOf(category, trackerHost),
    });
  }

  /** Categories and trackers that are remembered. */
  get groupCount(): number {
    return this.#categories.size + this.#trackers.size;
  }

  /** How many peers wait for a limit, in each direction. */
  get waiting(): { readonly down: number; readonly up: number } {
    return { down: this.#downQueue.length, up: this.#upQueue.length };
  }

  #groupsOf(category: string, trackerHost: string): readonly RateGroup[] {
    const groups = [this.#all];
    if (trackerHost !== '') groups.unshift(this.#group(this.#trackers, trackerHost));
    if (category !== '') groups.unshift(this.#group(this.#categories, category));
    return groups;
  }

  #set(groups: Map<string, RateGroup>, name: string, limits: RateLimits): void {
    this.#group(groups, name).set(limits);
  }

  #group(groups: Map<string, RateGroup>, name: string): RateGroup {
    let group = groups.get(name);
    if (group === undefined) {
      this.#forgetUnused(groups);
      group = new RateGroup({ clock: this.#clock });
      groups.set(name, group);
    }
    return group;
  }

  /** Trackers are as many as the torrents name: those without a limit that nobody is under go. */
  #forgetUnused(groups: Map<string, RateGroup>): void {
    if (groups.size < GROUPS_KEPT) return;
    for (const [name, { memberCount, limits }] of groups) {
      if (memberCount === 0 && limits.downLimit === 0 && limits.upLimit === 0) groups.delete(name);
    }
  }
}
