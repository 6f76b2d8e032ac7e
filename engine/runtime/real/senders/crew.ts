import type net from 'node:net';
import { type SenderOwner, SenderThread, type StreamSender } from './thread.ts';

export interface CrewOptions {
  readonly threadCount: number;
  /** The slab, or what else payload lies in. */
  readonly memory: SharedArrayBuffer;
  /** A stream is sent for when another one has had much to send within this time. Default 1,000. */
  readonly companyMs?: number;
}

/** One connection alone is served best by the loop that hears it: between threads it would only wait. */
const COMPANY_MS = 1_000;

/**
 * Threads that send for the streams of a network. A stream that has much to send lends its sending half to one of them;
 * everything else stays where it was, so nobody but the stream knows. Without threads, or when they have died, streams
 * send by themselves.
 */
export class SenderCrew {
  private threads: SenderThread[] = [];
  private isClosed = false;
  private companyMs = COMPANY_MS;
  /** Who has asked last, in vain. */
  private asker: WeakRef<net.Socket> | undefined;
  private askedMs = 0;

  /** Rejects with an AlliumError when threads cannot be started; those that could be work. */
  async start(options: CrewOptions): Promise<void> {
    this.companyMs = options.companyMs ?? COMPANY_MS;
    const start = async (): Promise<void> => {
      const thread = await SenderThread.start(options.memory, () => {
        this.threads = this.threads.filter((other) => other !== thread);
      });
      if (this.isClosed) await thread.stop();
      else this.threads.push(thread);
    };
    const starts = await Promise.allSettled(Array.from({ length: options.threadCount }, start));
    for (const outcome of starts) if (outcome.status === 'rejected') throw outcome.reason;
  }

  /** Streams that each thread sends for. */
  get loads(): readonly number[] {
    return this.threads.map(({ streamCount }) => streamCount);
  }

  /** The thread with the fewest streams sends for this connection from now on. Undefined: there is none, or not now. */
  adopt(socket: net.Socket, owner: SenderOwner): StreamSender | undefined {
    if (this.threads.length === 0 || this.isAlone(socket)) return undefined;
    let least: SenderThread | undefined;
    for (const thread of this.threads) {
      if (least === undefined || thread.streamCount < least.streamCount) least = thread;
    }
    return least?.adopt(socket, owner);
  }

  private isAlone(socket: net.Socket): boolean {
    if (this.companyMs === 0 || this.loads.some((load) => load > 0)) return false;
    const nowMs = performance.now();
    const other = nowMs - this.askedMs < this.companyMs ? this.asker?.deref() : undefined;
    if (other !== undefined && other !== socket && !other.destroyed) return false;
    this.asker = new WeakRef(socket);
    this.askedMs = nowMs;
    return true;
  }

  /** Ends all threads as a fault would. */
  async kill(): Promise<void> {
    await Promise.all(this.threads.map((thread) => thread.kill()));
  }

  /** To be called when the streams are closed; what they still send is lost. */
  async close(): Promise<void> {
    this.isClosed = true;
    await Promise.all(this.threads.map((thread) => thread.stop()));
  }
}
