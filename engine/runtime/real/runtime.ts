import type { Runtime } from '../port.ts';
import { createRealClock } from './clock.ts';
import { createRealFiles, type RealFileSystem } from './files.ts';
import { createRealNetwork, type RealNetwork } from './network.ts';
import { createRealRandom } from './random.ts';
import { SenderCrew } from './senders/crew.ts';
import { createRealStats, type RealStats } from './stats.ts';

export interface RealRuntimeOptions {
  /** How long an ended stream may go on without progress before it is closed regardless. Default 5,000. */
  readonly closeTimeoutMs?: number;
  /** Datagrams waiting to be sent, per socket; beyond, they are dropped. Default 1 MiB. */
  readonly datagramQueueBytesMax?: number;
  /** Let sockets read straight into the handlers' memory. Default true; false copies, and counts that. */
  readonly directReads?: boolean;
}

/** The world as it is. */
export interface RealRuntime extends Runtime {
  readonly files: RealFileSystem;
  readonly network: RealNetwork;
  readonly stats: RealStats;
  /** Threads that send for streams; none until they are started. */
  readonly senders: SenderCrew;
}

/** {@link Runtime} on Node: its clock, generator, sockets and files. Any number may exist side by side. */
export function createRealRuntime(options: RealRuntimeOptions = {}): RealRuntime {
  const stats = createRealStats();
  const senders = new SenderCrew();
  return {
    clock: createRealClock(),
    random: createRealRandom(),
    network: createRealNetwork(
      {
        closeTimeoutMs: options.closeTimeoutMs ?? 5000,
        queuedBytesMax: options.datagramQueueBytesMax ?? 1 << 20,
        directReads: options.directReads ?? true,
      },
      { stats, senders },
    ),
    files: createRealFiles(),
    stats,
    senders,
  };
}
