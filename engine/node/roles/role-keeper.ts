import { scopeOf } from '../../codec/address-scope.ts';
import type { Clock, FileSystem, Timer } from '../../runtime/port.ts';
import { type JobRecords, NEW_RECORD, noteConduct } from '../../society/roles/conduct.ts';
import { decideJobs, holdJobs, type JobDecision } from '../../society/roles/decide.ts';
import type { Job, Specification, Wish, Wishes } from '../../society/roles/jobs.ts';
import type { Control } from '../control/control.ts';
import type { Log } from '../log.ts';
import { NodeHistory } from './history.ts';
import { type JobsView, jobRow, joinWishes } from './jobs-view.ts';
import { readRoles, writeRoles } from './memory.ts';

import { SuperSeeds } from './super-seeds.ts';

export interface RoleKeeperOptions {
  /** Where its memory is kept. */
  readonly path: string;
  /** Those of the settings. */
  readonly wishes: Wishes;
  readonly cores: number;
  readonly memoryBytes: number;
  /** Between two readings. Default: a minute. */
  readonly everyMs?: number;
}

export interface RoleKeeperModules {
  readonly control: Control;
  readonly clock: Clock;
  readonly files: FileSystem;
  readonly log: Log;
}

/** As {@link scopeOf} calls it. */
const WORLDWIDE = 2;
const EVERY_MS = 60_000;
/** Readings between two times that the memory is written. */
const SAVE_EVERY = 10;
/** Counted of one reading, so that a large library does not outweigh time. */
const COUNTED_MAX = 10;
/** Torrents whose peers are looked at in one reading. */
const LOOKED_AT_MAX = 3;

/**
 * Measures what the node can do, decides on its jobs, and does those that can be done in this process: seeding is what a
 * node does anyway, super-seeding it switches on where it helps. Trackers and relays are processes of their own, which
 * only the operator starts; this says when the node is fit for them.
 */
export class RoleKeeper {
  readonly #options: RoleKeeperOptions;
  readonly #modules: RoleKeeperModules;
  readonly #superSeeds: SuperSeeds;
  #history = new NodeHistory();
  #records: JobRecords = {};
  #wishes: Wishes;
  #decisions: readonly JobDecision[] = [];
  #specification: Specification;
  #measuredAtMs = 0;
  #lastMs: number;
  #readings = 0;
  #turn = 0;
  #timer: Timer | undefined;
  #reading: Promise<void> = Promise.resolve();
  #isClosed = false;

  private constructor(options: RoleKeeperOptions, modules: RoleKeeperModules) {
    this.#options = options;
    this.#modules = modules;
    this.#wishes = options.wishes;
    this.#superSeeds = new SuperSeeds(modules);
    this.#lastMs = modules.clock.now();
    this.#specification = this.#measure(0);
  }

  /** Begins where the last run ended. Never rejects for a memory that cannot be read: it begins anew. */
  static async start(options: RoleKeeperOptions, modules: RoleKeeperModules): Promise<RoleKeeper> {
    const keeper = new RoleKeeper(options, modules);
    const memory = await readRoles(modules.files, options.path, (text) => modules.log.warn(text));
    if (memory !== undefined) {
      keeper.#history = new NodeHistory(memory.history);
      keeper.#records = memory.records;
      keeper.#wishes = joinWishes(memory.wishes, options.wishes);
    }
    await keeper.read();
    keeper.#again();
    return keeper;
  }

  view(): JobsView {
    const doing = { dhtNodes: this.#modules.control.stats().dhtNodes, superSeeded: this.#superSeeds.count };
    return {
      measuredAtMs: this.#measuredAtMs,
      specification: this.#specification,
      jobs: this.#decisions.map((decision) => jobRow(decision, this.#wishes[decision.job] ?? 'auto', doing)),
    };
  }

  /** What the operator wants from now on, also after a restart unless the settings say otherwise. */
  async wish(job: Job, wish: Wish): Promise<void> {
    this.#wishes = { ...this.#wishes, [job]: wish };
    await this.read();
    await this.#save();
  }

  /** Takes a reading, decides, and does what follows; one after the other. Also called by its timer. */
  read(): Promise<void> {
    this.#reading = this.#reading
      .then(() => this.#read())
      .catch((error: unknown) => {
        this.#modules.log.warn('the jobs of the node could not be decided', { reason: String(error) });
      });
    return this.#reading;
  }

  /** Saves. Super-seeding stays as it is: the next run goes on. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    await this.#reading;
    await this.#save();
  }

  #again(): void {
    this.#timer = this.#modules.clock.setTimer(this.#options.everyMs ?? EVERY_MS, () => {
      void this.read().then(() => {
        if (!this.#isClosed) this.#again();
      });
    });
  }

  async #read(): Promise<void> {
    const { control, clock } = this.#modules;
    const nowMs = clock.wallClock();
    const elapsedMs = clock.now() - this.#lastMs;
    this.#lastMs = clock.now();
    const { upBytesPerSec, downBytesPerSec } = control.stats();
    this.#history.note(nowMs, elapsedMs, upBytesPerSec, downBytesPerSec);
    if (await this.#isReached()) this.#history.noteReached(nowMs);
    this.#specification = this.#measure(await this.#freeBytes());
    this.#noteSeeding(nowMs, elapsedMs);
    this.#decide(nowMs);
    await this.#superSeeds.apply(this.#has('super-seeder'));
    this.#measuredAtMs = nowMs;
    this.#readings += 1;
    if (this.#readings % SAVE_EVERY === 0) await this.#save();
  }

  #measure(freeBytes: number): Specification {
    const { cores, memoryBytes } = this.#options;
    const nowMs = this.#modules.clock.wallClock();
    const rates = this.#history.rates(nowMs);
    return {
      ...{ upBytesPerSec: rates.up, downBytesPerSec: rates.down, freeBytes, memoryBytes, cores },
      uptimeShare: this.#history.uptimeShare(nowMs),
      knownMs: this.#history.knownMs(nowMs),
      reachable: this.#history.isReachable(nowMs),
    };
  }

  #decide(nowMs: number): void {
    const situation = {
      specification: this.#specification,
      wishes: this.#wishes,
      records: this.#records,
      nowMs,
    };
    const before = new Map(this.#decisions.map(({ job, verdict }) => [job, verdict]));
    this.#decisions = decideJobs(situation);
    this.#records = holdJobs(this.#records, this.#decisions);
    for (const { job, verdict, reason } of this.#decisions) {
      const was = before.get(job);
      if (was !== undefined && (was === 'assigned') !== (verdict === 'assigned')) {
        this.#modules.log.info(verdict === 'assigned' ? 'a job more' : 'a job less', { job, reason });
      }
    }
  }

  #has(job: Job): boolean {
    return this.#decisions.some((decision) => decision.job === job && decision.verdict === 'assigned');
  }

  /** Seeding goes well where peers are served, and badly where torrents are in trouble. */
  #noteSeeding(nowMs: number, elapsedMs: number): void {
    const { states } = this.#modules.control.stats();
    const conduct = {
      done: Math.min(COUNTED_MAX, states['seeding'] ?? 0),
      failed: Math.min(COUNTED_MAX, states['error'] ?? 0),
    };
    for (const job of ['seeder', 'super-seeder'] as const) {
      const record = this.#records[job] ?? NEW_RECORD;
      this.#records = { ...this.#records, [job]: noteConduct(record, conduct, nowMs, nowMs - elapsedMs) };
    }
  }

  /** Whether somebody from outside has connected to us, as far as the peers of a few torrents tell; they take turns. */
  async #isReached(): Promise<boolean> {
    const { control } = this.#modules;
    const rows = [...control.rows.values()].filter(({ peerCount }) => peerCount > 0);
    for (let step = 0; step < Math.min(LOOKED_AT_MAX, rows.length); step += 1) {
      const row = rows[this.#turn % rows.length]!;
      this.#turn += 1;
      const peers = await control.detail(row.infoHash).then(
        (detail) => detail.peers,
        () => [],
      );
      if (peers.some(({ incoming, host }) => incoming && scopeOf(host) === WORLDWIDE)) return true;
    }
    return false;
  }

  async #freeBytes(): Promise<number> {
    const { control } = this.#modules;
    const space = control.freeSpace(control.options.downloadRoot);
    return space.then(
      ({ freeBytes }) => freeBytes,
      () => 0,
    );
  }

  async #save(): Promise<void> {
    const { files, log } = this.#modules;
    const memory = { history: this.#history.data, records: this.#records, wishes: this.#wishes };
    await writeRoles(files, this.#options.path, memory).catch((error: unknown) => {
      log.warn('what the node knows of its jobs cannot be saved', { reason: String(error) });
    });
  }
}
