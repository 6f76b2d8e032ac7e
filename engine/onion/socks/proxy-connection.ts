import { readAddress } from '../../codec/address.ts';
import { AlliumError } from '../../codec/error.ts';
import type { ByteStream, Clock, StreamEnd, StreamHandler, Timer } from '../../runtime/port.ts';
import type { OnionAddress, OnionStreamEnd, StreamReason } from '../client/types.ts';
import { CONNECT_BYTES_MAX } from './http-connect.ts';
import type { Negotiation, ProxyFault, ProxyRequest } from './negotiation.ts';
import type { ProxyClient, ProxyOptions, ProxyStats } from './proxy-types.ts';
import { type ChunkPool, ReadChunks } from './read-chunks.ts';
import { LOGIN_BYTES_MAX } from './socks5-messages.ts';
import { type PumpOwner, StreamPump } from './stream-pump.ts';

/** Longest message of a handshake, by protocol, and room for data that follows it at once. */
const HEAD_BYTES = { socks5: 2 * LOGIN_BYTES_MAX, 'http-connect': CONNECT_BYTES_MAX } as const;

export interface ConnectionModules {
  readonly local: ByteStream;
  readonly negotiation: Negotiation;
  readonly clock: Clock;
  readonly client: ProxyClient;
  readonly pool: ChunkPool;
  readonly stats: ProxyStats;
  readonly isTight: () => boolean;
  readonly isolationOf: (request: ProxyRequest) => string;
  /** Called once, when both the program and its stream are gone. */
  readonly onGone: (connection: ProxyConnection) => void;
}

/** One program at the proxy: the handshake, then a stream or a look-up, until both ends are gone. */
export class ProxyConnection implements StreamHandler, PumpOwner {
  readonly #options: ProxyOptions;
  readonly #modules: ConnectionModules;
  readonly #chunks: ReadChunks;
  readonly #pump: StreamPump;
  /** `asking`: the handshake; `waiting`: for the network; `open`: bytes flow; `over`: nothing is read any more. */
  #state: 'asking' | 'waiting' | 'open' | 'over' = 'asking';
  #head: Uint8Array;
  #headLength = 0;
  #isLocalGone = false;
  #hasStream = false;
  #timer: Timer | undefined;

  constructor(options: ProxyOptions, modules: ConnectionModules) {
    this.#options = options;
    this.#modules = modules;
    this.#head = new Uint8Array(HEAD_BYTES[modules.negotiation.protocol]);
    this.#chunks = new ReadChunks(modules.pool);
    const { local, stats, isTight } = modules;
    this.#pump = new StreamPump(options, { local, stats, isTight, chunks: this.#chunks }, this);
  }

  onOpen(): void {
    this.#timer = this.#modules.clock.setTimer(this.#options.handshakeTimeoutMs, () => {
      this.#modules.stats.tooSlow += 1;
      this.destroy();
    });
  }

  readTarget(): Uint8Array {
    return this.#state === 'asking' ? this.#head.subarray(this.#headLength) : this.#chunks.target();
  }

  onRead(length: number): void {
    if (this.#state === 'asking') {
      this.#headLength += length;
      this.#negotiate();
    } else if (this.#state !== 'over') {
      this.#pump.upload(length);
    }
  }

  onDrain(): void {}

  onClose(end: StreamEnd): void {
    this.#isLocalGone = true;
    this.#timer?.cancel();
    this.#chunks.close();
    if (this.#hasStream) {
      if (this.#state === 'open' && end.kind === 'ended') this.#linger();
      else this.#pump.destroy();
    }
    this.#state = 'over';
    this.#checkGone();
  }

  /** {@link PumpOwner} */
  onStreamOpen(): void {
    if (this.#state !== 'waiting') return;
    this.#state = 'open';
    this.#modules.local.write(this.#modules.negotiation.connected());
  }

  /** {@link PumpOwner} */
  onStreamClose(end: OnionStreamEnd): void {
    this.#hasStream = false;
    if (this.#state === 'waiting') this.#answerFailure(end.reason);
    else if (this.#state === 'open') this.#finish();
    if (this.#isLocalGone) this.#timer?.cancel();
    this.#checkGone();
  }

  /** Ends both sides at once. */
  destroy(): void {
    this.#state = 'over';
    this.#modules.local.destroy();
    this.#pump.destroy();
  }

  #negotiate(): void {
    const { negotiation, local, stats } = this.#modules;
    const step = negotiation.take(this.#head.subarray(0, this.#headLength));
    if (step.reply.length > 0) local.write(step.reply);
    if (step.kind === 'refused') {
      this.#refuse(step.fault);
      return;
    }
    this.#head.copyWithin(0, step.used, this.#headLength);
    this.#headLength -= step.used;
    if (step.kind === 'more') {
      if (this.#headLength === this.#head.length) this.#refuse('too-long');
      return;
    }
    this.#timer?.cancel();
    this.#state = 'waiting';
    if (step.request.command === 'connect') {
      stats.streams += 1;
      this.#connect(step.request);
    } else {
      stats.lookups += 1;
      this.#resolve(step.request);
    }
  }

  #refuse(fault: ProxyFault): void {
    const { faults } = this.#modules.stats;
    faults.set(fault, (faults.get(fault) ?? 0) + 1);
    this.#finish();
  }

  #connect(request: ProxyRequest): void {
    const { client, isolationOf } = this.#modules;
    const { host, port } = request;
    this.#hasStream = true;
    this.#pump.begin(client.openStream({ host, port, isolation: isolationOf(request) }, this.#pump));
    // Programs may send without waiting for the answer; nobody else writes to this memory any more.
    const early = this.#head.subarray(0, this.#headLength);
    this.#head = new Uint8Array(0);
    this.#pump.uploadEarly(early);
  }

  #resolve(request: ProxyRequest): void {
    const { client, isolationOf } = this.#modules;
    const own = request.command === 'resolve' ? readAddress(request.host) : undefined;
    if (own !== undefined) {
      const kind = own.length === 4 ? 'ipv4' : 'ipv6';
      this.#answerFound([{ kind, value: request.host, ttlSec: 0 }], request);
      return;
    }
    client.resolve(request.host, isolationOf(request)).then(
      (found) => this.#answerFound(found, request),
      (error: unknown) => this.#answerFailure(reasonOf(error)),
    );
  }

  #answerFound(found: readonly OnionAddress[], { command }: ProxyRequest): void {
    if (this.#state !== 'waiting') return;
    const wanted =
      command === 'resolve-ptr'
        ? found.find(({ kind }) => kind === 'name')
        : (found.find(({ kind }) => kind === 'ipv4') ?? found.find(({ kind }) => kind === 'ipv6'));
    if (wanted === undefined) {
      this.#answerFailure('resolveFailed');
      return;
    }
    this.#modules.local.write(this.#modules.negotiation.resolved(wanted));
    this.#finish();
  }

  #answerFailure(reason: StreamReason): void {
    if (this.#state !== 'waiting') return;
    const { stats, local, negotiation } = this.#modules;
    stats.failures.set(reason, (stats.failures.get(reason) ?? 0) + 1);
    local.write(negotiation.failed(reason));
    this.#finish();
  }

  /** What is written goes out, then the local connection ends. */
  #finish(): void {
    this.#state = 'over';
    this.#timer?.cancel();
    this.#modules.local.end();
  }

  /** The program has finished, and what it sent is still on its way. */
  #linger(): void {
    this.#timer = this.#modules.clock.setTimer(this.#options.lingerMs, () => this.#pump.destroy());
    this.#pump.end();
  }

  #checkGone(): void {
    if (this.#isLocalGone && !this.#hasStream) this.#modules.onGone(this);
  }
}

function reasonOf(error: unknown): StreamReason {
  const reason = error instanceof AlliumError ? error.details['reason'] : undefined;
  return typeof reason === 'string' ? (reason as StreamReason) : 'misc';
}
