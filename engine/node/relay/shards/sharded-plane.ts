import { isDeepStrictEqual } from 'node:util';
import type { ConsensusParams } from '../../../onion/flow/consensus-param.ts';
import { dosParams } from '../../../onion/flow/dos-params.ts';
import type { DirectoryHandler } from '../../../onion/relay/services.ts';
import type { RelayStats } from '../../../onion/relay/stats.ts';
import type { Log } from '../../log.ts';
import type { RelayConfig } from '../config.ts';
import { type KernelSet, type PlaneKeys, prepareKernels } from '../relay-plane.ts';
import type { TrafficGate } from '../traffic-gate.ts';
import { FrontDoor } from './front-door.ts';
import type { KeyTurn, ShardReport, ShardSetup, ToShard } from './messages.ts';
import { RateBoard } from './rate-board.ts';
import { shardConfig } from './shard-plan.ts';
import { ShardThread } from './shard-thread.ts';
import { farewell, sumReports } from './stats-sum.ts';

/** Pause before a shard that died is started again, doubled each time until it has lived for a while. */
const RESTART_MIN_MS = 100;
const RESTART_MAX_MS = 30_000;
const LIVED_MS = 60_000;

export interface ShardedPlaneModules {
  readonly log: Log;
  readonly keys: () => PlaneKeys;
  readonly directory: DirectoryHandler;
  readonly params: () => ConsensusParams;
  /** Fingerprints in the consensus; undefined: there is none. */
  readonly listed: () => ReadonlySet<string> | undefined;
  /** Through which the main thread moves bytes of its own. */
  readonly gate: TrafficGate;
}

/** What is told to the data plane while it works, wherever that is. */
export interface RelayControl {
  stats(): RelayStats;
  setHibernating(isHibernating: boolean): void;
  setConsensusParams(params: ConsensusParams): void;
  setLinkOutfit(outfit: PlaneKeys['outfit']): void;
  rotateOnionKey(privateKey: Uint8Array | undefined): void;
}

interface Seat {
  thread: ShardThread | undefined;
  startedMs: number;
  pauseMs: number;
  /** It is started again then. */
  timer: NodeJS.Timeout | undefined;
}

/**
 * The data plane of a relay on several threads. Each shard has its own loop, memory, kernels and links, and a circuit
 * stays where it came in: the link to its next hop is made there. What dies with a shard are its circuits.
 */
export class ShardedPlane {
  #config: RelayConfig;
  readonly #modules: ShardedPlaneModules;
  readonly #kernels: KernelSet;
  readonly #count: number;
  readonly #seats: Seat[] = [];
  #rate: RelayConfig['rate'];
  readonly #rates: RateBoard;
  /** What shards did that are gone. */
  #past: ShardReport[] = [];
  /** The first one first. */
  #doors: FrontDoor[] = [];
  #isHibernating = false;
  #isOpen = false;
  /** Goes up with each {@link open}: what was begun before is no longer wanted. */
  #epoch = 0;

  /** `count` threads. */
  constructor(config: RelayConfig, count: number, modules: ShardedPlaneModules) {
    this.#config = shardConfig(config, count);
    this.#count = count;
    this.#modules = modules;
    this.#kernels = prepareKernels();
    this.#rate = config.rate;
    this.#rates = new RateBoard(config.rate, { gate: modules.gate });
    for (let i = 0; i < count; i += 1) {
      this.#seats.push({ thread: undefined, startedMs: 0, pauseMs: RESTART_MIN_MS, timer: undefined });
    }
  }

  /** Undefined while it is asleep. */
  get relay(): RelayControl | undefined {
    return this.#isOpen ? this.#control : undefined;
  }

  /** The threads there are now. */
  get threads(): readonly ShardThread[] {
    return this.#seats.flatMap(({ thread }) => (thread === undefined ? [] : [thread]));
  }

  /** Where links come in. */
  get port(): number | undefined {
    return this.#doors[0]?.port;
  }

  /** Of all shards, those that are gone included. */
  report(): ShardReport {
    const present = this.threads.flatMap(({ report }) => (report === undefined ? [] : [report]));
    return sumReports([...this.#past, ...present]);
  }

  /** Rejects with ADDRESS_IN_USE, NO_PERMISSION, or SLAB_FULL when the memory is too small for the limits. */
  async open(): Promise<void> {
    this.#isOpen = true;
    this.#epoch += 1;
    try {
      const starts = await Promise.allSettled(this.#seats.map((seat) => this.#start(seat)));
      for (const start of starts) if (start.status === 'rejected') throw start.reason;
      const { listenAddress: host, orPort: port } = this.#config.words;
      const { ipv6 } = this.#config;
      for (const at of [{ host, port }, ...(ipv6 === undefined ? [] : [ipv6.listen])]) {
        const modules = { shards: () => this.threads, isSticky: () => this.#isSticky() };
        this.#doors.push(await FrontDoor.open(at, modules));
      }
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Takes another exit policy, for streams from now on, and another limit. */
  reconfigure(config: RelayConfig): void {
    const isOtherRate = !isDeepStrictEqual(config.rate, this.#rate);
    this.#rate = config.rate;
    this.#config = shardConfig(config, this.#count);
    this.#tell({ kind: 'exit-policy', exitPolicy: config.exitPolicy });
    if (isOtherRate) this.#rates.setRate(config.rate, this.threads);
  }

  async close(): Promise<void> {
    this.#isOpen = false;
    for (const door of this.#doors.splice(0)) door.close();
    await Promise.all(
      this.#seats.map(async (seat) => {
        clearTimeout(seat.timer);
        await seat.thread?.stop();
        this.#leave(seat);
      }),
    );
  }

  readonly #control: RelayControl = {
    stats: () => this.report().stats,
    setHibernating: (isHibernating) => {
      this.#isHibernating = isHibernating;
      this.#tell({ kind: 'hibernating', isHibernating });
    },
    setConsensusParams: () => this.#tell({ kind: 'situation', ...this.#situation() }),
    setLinkOutfit: () => this.#tellKeys('link'),
    rotateOnionKey: (key) => this.#tellKeys(key === undefined ? 'onion-forgotten' : 'onion-rotated'),
  };

  #tellKeys(change: KeyTurn): void {
    this.#tell({ kind: 'keys', keys: this.#modules.keys(), change });
  }

  #tell(message: ToShard): void {
    for (const thread of this.threads) thread.post(message);
  }

  #situation(): ShardSetup['situation'] {
    return { params: this.#modules.params(), listed: this.#modules.listed() };
  }

  /** Floods are counted by address in each shard. */
  #isSticky(): boolean {
    const dos = dosParams(this.#modules.params(), this.#config.dos);
    return dos.isCircuitDefenceOn || dos.isConnectionDefenceOn;
  }

  async #start(seat: Seat): Promise<void> {
    const epoch = this.#epoch;
    const setup = {
      config: this.#config,
      keys: this.#modules.keys(),
      kernels: this.#kernels,
      situation: this.#situation(),
      rate: this.#rates.equalShare(this.#seats.length),
    };
    let thread: ShardThread | undefined;
    thread = await ShardThread.start(setup, {
      onReport: () => this.#rates.look(this.threads),
      onDirectory: (number, bytes) => this.#answer(thread, number, bytes),
      onEnd: (why) => {
        if (seat.thread === thread) this.#onEnd(seat, why);
      },
    });
    if (!this.#isOpen || epoch !== this.#epoch) {
      await thread.stop();
      return;
    }
    seat.thread = thread;
    seat.startedMs = performance.now();
    // What has changed while it started.
    thread.post({ kind: 'situation', ...this.#situation() });
    thread.post({ kind: 'hibernating', isHibernating: this.#isHibernating });
  }

  async #answer(thread: ShardThread | undefined, number: number, request: Uint8Array): Promise<void> {
    let bytes: Uint8Array | undefined;
    try {
      bytes = await this.#modules.directory(request, undefined);
    } catch (error) {
      this.#modules.log.error(`a directory request could not be answered: ${messageOf(error)}`);
    }
    thread?.post({ kind: 'answer', number, bytes });
  }

  #onEnd(seat: Seat, why: string): void {
    this.#leave(seat);
    if (!this.#isOpen) return;
    const lived = performance.now() - seat.startedMs > LIVED_MS;
    if (lived) seat.pauseMs = RESTART_MIN_MS;
    this.#modules.log.error('a shard died; its circuits are closed, and it is started again', { why });
    this.#restartLater(seat);
  }

  #restartLater(seat: Seat): void {
    const { pauseMs } = seat;
    seat.pauseMs = Math.min(RESTART_MAX_MS, 2 * pauseMs);
    const epoch = this.#epoch;
    seat.timer = setTimeout(() => {
      this.#start(seat).catch((error: unknown) => {
        this.#modules.log.error(`a shard could not be started again: ${messageOf(error)}`);
        if (this.#isOpen && epoch === this.#epoch) this.#restartLater(seat);
      });
    }, pauseMs);
    seat.timer.unref();
  }

  /** Keeps what the shard has done. */
  #leave(seat: Seat): void {
    const report = seat.thread?.report;
    seat.thread = undefined;
    if (report !== undefined) this.#past = [sumReports([...this.#past, farewell(report)])];
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
