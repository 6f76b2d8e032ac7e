import { randomBytes } from 'node:crypto';
import { createClient, RESP_TYPES } from '@redis/client';
import { AlliumError } from '../../codec/error.ts';
import { AgedSwarmLogs, applySwarmLog, SwarmLogWriter } from '../../discovery/tracker-server/swarm-log.ts';
import type { Tracker } from '../../discovery/tracker-server/tracker.ts';
import type { Clock } from '../../runtime/port.ts';
import type { Log } from '../log.ts';

/** Changes are sent after so long at the latest. */
const SEND_EVERY_MS = 500;
/** Batches that wait while the store is away; of more, everything is told again when it is back. */
export const PENDING_BATCHES_MAX = 64;
const READ_BLOCK_MS = 1000;
const READ_COUNT = 64;
const RETRY_MS = 500;
const ANSWER_TIMEOUT_MS = 5_000;
/** A store that says nothing keeps nobody from stopping for longer: more than a read and a pause take. */
const STOP_TIMEOUT_MS = 3_000;
const TORRENTS_AT_ONCE = 2_000;
const KEY = 'allium:tracker:swarms';
const START = '0-0';

export interface SharedLogModules {
  readonly tracker: () => Tracker;
  readonly clock: Clock;
  readonly log: Log;
}

/** One entry of the stream, as the client gives it. */
interface Entry {
  readonly id: string;
  readonly message: Record<string, Buffer>;
}

function connection(url: string) {
  return createClient({
    url,
    RESP: 2,
    socket: { reconnectStrategy: false, connectTimeout: 5_000 },
    disableOfflineQueue: true,
  }).withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
}

type Client = ReturnType<typeof connection>;

/** Reading blocks, so that writing needs a connection of its own. */
interface Clients {
  readonly reader: Client;
  readonly writer: Client;
}

/**
 * Any number of trackers over one Valkey or Redis: each keeps all swarms in its own memory and answers from there; what
 * changes goes into one stream, from which the others learn, and a newcomer everything since the oldest peer. While the
 * store is away nothing stops; when it comes back without its memory, all tell it again what they know.
 */
export class SharedLog {
  readonly writer = new SwarmLogWriter({ onBatch: (batch) => this.#queue(batch) });
  readonly #url: string;
  readonly #modules: SharedLogModules;
  /** Whose entries are our own. */
  readonly #origin = randomBytes(8);
  #pending: Uint8Array[] = [];
  /** More has happened than could wait: the store is to hear everything. */
  mustTellAll = false;
  #lastId = START;
  #isStopped = false;
  #isConnected = false;
  #ended: Promise<void> | undefined;
  #clients: Clients | undefined;

  constructor(url: string, modules: SharedLogModules) {
    this.#url = url;
    this.#modules = modules;
  }

  /** Changes that wait for the store. */
  get pendingBytes(): number {
    return this.#pending.reduce((sum, { length }) => sum + length, 0);
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** Begins to follow the store; comes back when everything in it has been learnt. Rejects when it cannot be reached. */
  async start(): Promise<void> {
    const begin = async (): Promise<Clients> => {
      const clients = await this.#open();
      await this.#readAll(clients.reader);
      return clients;
    };
    const first = await begin().catch((error: unknown) => {
      this.#drop();
      throw new AlliumError('NETWORK_FAILED', `the store ${hostOf(this.#url)} cannot be reached`, {
        advice: 'Is Valkey or Redis running there? The address looks like redis://127.0.0.1:6379.',
        details: { host: hostOf(this.#url) },
        cause: error,
      });
    });
    this.#ended = this.#run(first);
  }

  /** Tells the store what it has not heard yet, if it listens; takes a few seconds at most. Never rejects. */
  async stop(): Promise<void> {
    this.writer.flush();
    this.#isStopped = true;
    const late = setTimeout(() => this.#drop(), STOP_TIMEOUT_MS);
    await this.#ended;
    clearTimeout(late);
  }

  /** Ends both connections; what waits for an answer fails. */
  #drop(): void {
    this.#isConnected = false;
    if (this.#clients === undefined) return;
    const { reader, writer } = this.#clients;
    for (const client of [reader, writer]) if (client.isOpen) client.destroy();
    this.#clients = undefined;
  }

  #queue(batch: Uint8Array): void {
    if (this.#pending.length < PENDING_BATCHES_MAX) this.#pending.push(batch);
    else {
      this.#pending = [];
      this.mustTellAll = true;
    }
  }

  async #open(): Promise<Clients> {
    const [reader, writer] = [connection(this.#url), connection(this.#url)];
    // The promises of the calls tell it as well.
    for (const client of [reader, writer]) client.on('error', () => {});
    try {
      await inTime(Promise.all([reader.connect(), writer.connect()]));
    } catch (error) {
      for (const client of [reader, writer]) if (client.isOpen) client.destroy();
      throw error;
    }
    this.#isConnected = true;
    this.#clients = { reader, writer };
    return this.#clients;
  }

  /** Follows the store, and again after each time that it was away. */
  async #run(first: Clients): Promise<void> {
    let clients: typeof first | undefined = first;
    while (clients !== undefined || !this.#isStopped) {
      if (clients === undefined) {
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
        clients = await this.#open().catch(() => undefined);
        if (clients !== undefined) this.#modules.log.info('the shared store is back');
        continue;
      }
      try {
        await this.#follow(clients);
      } catch (error) {
        if (!this.#isStopped) {
          this.#modules.log.warn('the shared store is away; answering from memory', {
            reason: String(error),
          });
        }
      }
      this.#drop();
      clients = undefined;
    }
  }

  async #follow(clients: Clients): Promise<void> {
    await this.#checkMemory(clients.writer);
    const reading = (async () => {
      while (!this.#isStopped) await this.#read(clients.reader, READ_BLOCK_MS);
    })();
    const writing = (async () => {
      while (!this.#isStopped) {
        await this.#send(clients.writer);
        await new Promise((resolve) => setTimeout(resolve, SEND_EVERY_MS));
      }
      await this.#send(clients.writer);
    })();
    await Promise.all([reading, writing]);
  }

  /** A stream that ends before what was read from it was restarted without its memory. */
  async #checkMemory(client: Client): Promise<void> {
    if (this.#lastId === START) return;
    const [newest] = (await client.xRevRange(KEY, '+', '-', { COUNT: 1 })) as unknown as readonly Entry[];
    if (newest !== undefined && !isBefore(String(newest.id), this.#lastId)) return;
    this.#lastId = START;
    this.mustTellAll = true;
  }

  async #readAll(client: Client): Promise<void> {
    while ((await inTime(this.#read(client, undefined))) > 0);
  }

  /** Learns from the entries behind the last one; returns how many there were. */
  async #read(client: Client, blockMs: number | undefined): Promise<number> {
    const options = { COUNT: READ_COUNT, ...(blockMs === undefined ? {} : { BLOCK: blockMs }) };
    const answer = (await client.xRead({ key: KEY, id: this.#lastId }, options)) as unknown as
      | readonly { readonly messages: readonly Entry[] }[]
      | null;
    const entries = answer?.[0]?.messages ?? [];
    for (const { id, message } of entries) this.#learn(String(id), message);
    return entries.length;
  }

  #learn(id: string, message: Record<string, Buffer>): void {
    this.#lastId = id;
    const { from, age, batch } = message;
    if (from === undefined || batch === undefined || this.#origin.equals(from)) return;
    const { clock, log } = this.#modules;
    const tracker = this.#modules.tracker();
    const toldMs = Math.max(0, clock.wallClock() - Number(id.split('-')[0]));
    const ageMs = toldMs + 1000 * (Number(String(age)) || 0);
    if (ageMs > tracker.options.expirySec * 1000) return;
    const whole = applySwarmLog(tracker, batch, (clock.now() - ageMs) / 1000);
    if (!whole) log.warn('an entry of the shared store is malformed', { id });
  }

  async #send(client: Client): Promise<void> {
    this.writer.flush();
    if (this.mustTellAll) {
      await this.#tellAll(client);
      this.mustTellAll = false;
    }
    while (this.#pending.length > 0) {
      await this.#append(client, this.#pending[0]!, 0);
      this.#pending.shift();
    }
  }

  async #tellAll(client: Client): Promise<void> {
    const tracker = this.#modules.tracker();
    const nowSec = this.#modules.clock.now() / 1000;
    let batches: { readonly batch: Uint8Array; readonly ageSec: number }[] = [];
    const logs = new AgedSwarmLogs({
      onBatch: (batch, seenSec) => batches.push({ batch, ageSec: Math.max(0, nowSec - seenSec) }),
    });
    for (let from = 0; from < tracker.torrents.end; from += TORRENTS_AT_ONCE) {
      tracker.tell(logs, from, from + TORRENTS_AT_ONCE);
      if (from + TORRENTS_AT_ONCE >= tracker.torrents.end) logs.flush();
      for (const { batch, ageSec } of batches) await this.#append(client, batch, ageSec);
      batches = [];
    }
  }

  async #append(client: Client, batch: Uint8Array, ageSec: number): Promise<void> {
    const { expirySec } = this.#modules.tracker().options;
    const oldest = this.#modules.clock.wallClock() - expirySec * 1000;
    await client.xAdd(
      KEY,
      '*',
      {
        from: this.#origin,
        age: String(Math.floor(ageSec)),
        batch: Buffer.from(batch.buffer, batch.byteOffset, batch.length),
      },
      { TRIM: { strategy: 'MINID', strategyModifier: '~', threshold: Math.max(0, Math.floor(oldest)) } },
    );
  }
}

/** The client waits for a server that accepts and says nothing. */
async function inTime<T>(promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer')), ANSWER_TIMEOUT_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

function isBefore(id: string, other: string): boolean {
  const [a = 0, b = 0] = id.split('-').map(Number);
  const [c = 0, d = 0] = other.split('-').map(Number);
  return a < c || (a === c && b < d);
}

/** The address may hold a password. */
function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'of that address';
}
