import { readUint32 } from '../../codec/big-endian.ts';
import { AlliumError } from '../../codec/error.ts';
import type { Clock, DatagramSocket, Endpoint, Network, Random, Timer } from '../../runtime/port.ts';
import { plainText } from './plain-text.ts';
import { ANSWER_HEAD_BYTES, CONNECT_BYTES, encodeUdpConnect, UDP_ACTION } from './udp-messages.ts';

/** BEP 15 begins at 15 s and doubles; loss is noticed sooner so that another tracker gets its turn. */
const RETRY_FIRST_MS = 5_000;
/** BEP 15: a connection identifier may be used for one minute. */
const CONNECTION_MS = 60_000;
/** Sockets and connection identifiers are kept for so long after the last answer. */
const LINGER_MS = 10_000;

/** Questions to trackers that wait for an answer at once; a further one fails. */
export const UDP_PENDING_MAX = 1024;

export interface UdpExchangeModules {
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
}

interface Pending {
  readonly to: Endpoint;
  readonly action: number;
  retry: Timer | undefined;
  readonly deadline: Timer;
  readonly settle: (answer: Uint8Array | AlliumError) => void;
}

interface Connection {
  readonly id: Uint8Array;
  readonly untilMs: number;
}

/** `8 + n` bytes in answer to a question of that action, or why there is none. */
type Ask = (connection: Uint8Array, transaction: number) => Uint8Array;

/**
 * Questions and answers of BEP 15: connects, repeats what gets lost, and takes an answer only from the address that was
 * asked and with the number that was sent. One socket for each address family, open while it is needed.
 */
export class UdpExchange {
  readonly #modules: UdpExchangeModules;
  readonly #pending = new Map<number, Pending>();
  readonly #connections = new Map<string, Connection>();
  readonly #connecting = new Map<string, Promise<Uint8Array>>();
  readonly #sockets = new Map<4 | 6, Promise<DatagramSocket>>();
  #linger: Timer | undefined;
  /** Grows with each close, so that what waited for a socket then sends nothing afterwards. */
  #life = 0;

  constructor(modules: UdpExchangeModules) {
    this.#modules = modules;
  }

  get pendingCount(): number {
    return this.#pending.size;
  }

  /** Asks; rejects with NETWORK_FAILED or, when the tracker refuses, TRACKER_FAILED with `reason`. */
  async ask(to: Endpoint, action: number, question: Ask, timeoutMs: number): Promise<Uint8Array> {
    const endMs = this.#modules.clock.now() + timeoutMs;
    const known = this.#connectionTo(to);
    const connection = known ?? (await this.#connect(to, timeoutMs));
    const leftMs = (): number => Math.max(1, endMs - this.#modules.clock.now());
    try {
      return await this.#send(to, action, (number) => question(connection, number), leftMs());
    } catch (error) {
      // A tracker that was restarted does not know identifiers of before.
      if (known === undefined || !(error instanceof AlliumError) || error.code !== 'TRACKER_FAILED')
        throw error;
      this.#connections.delete(nameOf(to));
      const fresh = await this.#connect(to, leftMs());
      return this.#send(to, action, (number) => question(fresh, number), leftMs());
    }
  }

  /** Closes the sockets; what waits fails. */
  close(): void {
    this.#life++;
    for (const { settle } of [...this.#pending.values()]) settle(failed('closed'));
    // The last one of them has set it again.
    this.#linger?.cancel();
    for (const socket of this.#sockets.values()) void socket.then((open) => open.close()).catch(() => {});
    this.#sockets.clear();
    this.#connections.clear();
  }

  #connectionTo(to: Endpoint): Uint8Array | undefined {
    const known = this.#connections.get(nameOf(to));
    return known !== undefined && known.untilMs > this.#modules.clock.now() ? known.id : undefined;
  }

  /** One connect at a time to each tracker, for all that wait for it. */
  #connect(to: Endpoint, timeoutMs: number): Promise<Uint8Array> {
    const name = nameOf(to);
    let connecting = this.#connecting.get(name);
    if (connecting === undefined) {
      connecting = this.#connectAnew(to, timeoutMs).finally(() => this.#connecting.delete(name));
      this.#connecting.set(name, connecting);
    }
    return connecting;
  }

  async #connectAnew(to: Endpoint, timeoutMs: number): Promise<Uint8Array> {
    const answer = await this.#send(to, UDP_ACTION.connect, encodeUdpConnect, timeoutMs);
    if (answer.length < CONNECT_BYTES) throw failed('its answer is too short');
    const id = answer.slice(8, 16);
    const nowMs = this.#modules.clock.now();
    for (const [name, { untilMs }] of this.#connections) if (untilMs <= nowMs) this.#connections.delete(name);
    this.#connections.set(nameOf(to), { id, untilMs: nowMs + CONNECTION_MS });
    return id;
  }

  async #send(
    to: Endpoint,
    action: number,
    question: (transaction: number) => Uint8Array,
    timeoutMs: number,
  ): Promise<Uint8Array> {
    const { clock } = this.#modules;
    const life = this.#life;
    // Before the wait: the end of the lingering would close the socket that is being opened.
    this.#linger?.cancel();
    const socket = await this.#socketFor(to).catch((error: unknown) => {
      if (this.#life === life && this.#pending.size === 0) this.#closeLater();
      throw error;
    });
    if (this.#life !== life) throw failed('closed');
    if (this.#pending.size >= UDP_PENDING_MAX) throw failed('too many announces are under way');
    return new Promise((resolve, reject) => {
      const transaction = this.#freeTransaction();
      const bytes = question(transaction);
      const pending: Pending = {
        to,
        action,
        retry: undefined,
        deadline: clock.setTimer(timeoutMs, () => pending.settle(failed('no answer'))),
        settle: (answer) => {
          this.#pending.delete(transaction);
          pending.retry?.cancel();
          pending.deadline.cancel();
          if (this.#pending.size === 0) this.#closeLater();
          if (answer instanceof AlliumError) reject(answer);
          else resolve(answer);
        },
      };
      const send = (waitMs: number): void => {
        socket.send(bytes, to);
        pending.retry = clock.setTimer(waitMs, () => send(2 * waitMs));
      };
      this.#pending.set(transaction, pending);
      send(RETRY_FIRST_MS);
    });
  }

  #socketFor(to: Endpoint): Promise<DatagramSocket> {
    const family = to.host.includes(':') ? 6 : 4;
    let socket = this.#sockets.get(family);
    if (socket === undefined) {
      const host = family === 6 ? '::' : '0.0.0.0';
      socket = this.#modules.network.bindDatagram({ host, port: 0 }, (bytes, from) =>
        this.#onAnswer(bytes, from),
      );
      this.#sockets.set(family, socket);
      socket.catch(() => this.#sockets.delete(family));
    }
    return socket;
  }

  #onAnswer(bytes: Uint8Array, from: Endpoint): void {
    if (bytes.length < ANSWER_HEAD_BYTES) return;
    const pending = this.#pending.get(readUint32(bytes, 4));
    if (pending === undefined || nameOf(pending.to) !== nameOf(from)) return;
    const action = readUint32(bytes, 0);
    if (action === UDP_ACTION.error) pending.settle(refused(bytes.subarray(ANSWER_HEAD_BYTES)));
    else if (action === pending.action) pending.settle(bytes.slice());
  }

  #freeTransaction(): number {
    for (;;) {
      const transaction = this.#modules.random.below(2 ** 32);
      if (!this.#pending.has(transaction)) return transaction;
    }
  }

  #closeLater(): void {
    this.#linger?.cancel();
    this.#linger = this.#modules.clock.setTimer(LINGER_MS, () => this.close());
  }
}

const nameOf = ({ host, port }: Endpoint): string => `${host} ${port}`;

function failed(reason: string): AlliumError {
  return new AlliumError('NETWORK_FAILED', `the tracker could not be asked: ${reason}`, {
    advice: 'It may be down, or UDP may be blocked on the way.',
  });
}

const REASON_LENGTH_MAX = 200;

function refused(text: Uint8Array): AlliumError {
  const reason = plainText(text, REASON_LENGTH_MAX) || 'no reason given';
  return new AlliumError('TRACKER_FAILED', `the tracker refuses: ${reason}`, {
    advice: 'The tracker decides this; its site may say more.',
    details: { reason },
  });
}
