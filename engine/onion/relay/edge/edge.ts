import { readAddress } from '../../../codec/address.ts';
import type { Lease } from '../../../kernels/lease.ts';
import type { Network } from '../../../runtime/port.ts';
import { decodeXoff, decodeXon } from '../../cell/flow-messages.ts';
import type { Begin, ResolvedAnswer } from '../../cell/messages.ts';
import { DESTROY_REASON, END_REASON, type EndReason } from '../../cell/reason.ts';
import { RELAY } from '../../cell/relay-command.ts';
import { decodeResolve, encodeResolved } from '../../cell/resolve-messages.ts';
import { decodeBegin, encodeConnected, encodeEnd } from '../../cell/stream-messages.ts';
import {
  isPrivateAddress,
  policyAllows,
  policyMayAllowPort,
  policyRejectsAll,
} from '../../directory/policy-check.ts';
import type { ExitPolicy } from '../../directory/policy-types.ts';
import type { DosParams } from '../../flow/dos-params.ts';
import { streamOnData, streamOnSendme } from '../../flow/fixed-window.ts';
import { takeTokens, tokenBucket } from '../../flow/token-bucket.ts';
import { onXoff, onXon } from '../../flow/xon-received.ts';
import { CIRCUIT_STREAM, type StreamId } from '../../units.ts';
import type { RelayCircuit } from '../circuit.ts';
import type { Circuits } from '../circuits.ts';
import type { RelayRefusal } from '../counters.ts';
import type { RelayLimits } from '../options.ts';
import type { DirectoryHandler, ExitSource, Resolver } from '../services.ts';
import { DirectoryStream } from './directory-stream.ts';
import { type EdgeRoom, TTL_SEC } from './edge-room.ts';
import type { EdgeStream } from './edge-stream.ts';
import { ExitStream } from './exit-stream.ts';
import { lookupKind, pickAddresses } from './lookup.ts';

/** A rate asked for by XON may be exceeded for so long. */
const RATE_BURST_SEC = 0.25;

export interface EdgeOptions {
  readonly limits: RelayLimits;
  readonly allowPrivateAddresses: boolean;
}

/** What of {@link DosParams} is kept here. */
export type StreamDefence = Pick<
  DosParams,
  'isStreamDefenceOn' | 'isStreamFloodClosed' | 'streamsPerSec' | 'streamBurst'
>;

export interface EdgeServices {
  readonly room: EdgeRoom;
  readonly circuits: Circuits;
  readonly network: Network;
  readonly directory: DirectoryHandler | undefined;
  readonly resolver: Resolver | undefined;
  readonly exitSource: ExitSource;
}

/** What circuits that end here ask of this relay: streams to the outside and to the directory, and names. */
export class Edge {
  policy: ExitPolicy;
  /** Against circuits that open streams and ask for names too fast. */
  defence: StreamDefence;
  readonly #options: EdgeOptions;
  readonly #modules: EdgeServices;
  #lookupCount = 0;

  constructor(
    options: EdgeOptions & { readonly policy: ExitPolicy; readonly defence: StreamDefence },
    modules: EdgeServices,
  ) {
    this.policy = options.policy;
    this.defence = options.defence;
    this.#options = options;
    this.#modules = modules;
  }

  /** RELAY_BEGIN. tor-spec, "opening streams". */
  begin(circuit: RelayCircuit, id: StreamId, data: Uint8Array): void {
    const { room, circuits, exitSource } = this.#modules;
    if (!this.#isFree(circuit, id)) return;
    const message = decodeBegin(data);
    if (!message.ok) {
      this.#counters.fault('bad-message');
      this.#end(circuit, id, END_REASON.protocol);
      return;
    }
    if (!exitSource(circuit.prev.port.channel.peer)) {
      circuits.fault(circuit, 'single-hop-exit');
      return;
    }
    if (this.#isFlood(circuit)) {
      if (!circuit.isClosed) this.#refuse(circuit, id, 'stream-flood', END_REASON.resourceLimit);
      return;
    }
    const { host, port } = message.value;
    const address = readAddress(host);
    const isAllowed =
      address === undefined ? policyMayAllowPort(this.policy, port) : this.#allows(address, port);
    if (!isAllowed) {
      this.#refuse(circuit, id, 'exit-policy', END_REASON.exitPolicy, address && host);
      return;
    }
    if (!this.#hasRoom(circuit)) {
      this.#refuse(circuit, id, 'streams', END_REASON.resourceLimit);
      return;
    }
    const stream = new ExitStream(circuit, id, room);
    this.#add(stream);
    if (address === undefined) void this.#findAndConnect(stream, message.value);
    else stream.connect({ host, port }, this.#modules.network);
  }

  /** RELAY_BEGIN_DIR. */
  beginDirectory(circuit: RelayCircuit, id: StreamId): void {
    const { room, directory: handler } = this.#modules;
    if (!this.#isFree(circuit, id)) return;
    if (handler === undefined) {
      this.#end(circuit, id, END_REASON.notDirectory);
    } else if (!this.#hasRoom(circuit)) {
      this.#refuse(circuit, id, 'streams', END_REASON.resourceLimit);
    } else {
      const requestBytesMax = this.#options.limits.directoryRequestBytesMax;
      const stream = new DirectoryStream(circuit, id, { requestBytesMax }, { room, handler });
      this.#add(stream);
      room.message(stream, RELAY.connected, encodeConnected({ host: undefined, ttlSec: 0 }));
    }
  }

  /** RELAY_RESOLVE: the answer does not make a stream. Who is no exit looks nothing up. */
  resolve(circuit: RelayCircuit, id: StreamId, data: Uint8Array): void {
    const message = decodeResolve(data);
    const { resolver } = this.#modules;
    if (!message.ok) {
      this.#counters.fault('bad-message');
      this.#answerLookup(circuit, id, [ERROR]);
      return;
    }
    if (policyRejectsAll(this.policy)) {
      this.#counters.refuse('exit-policy');
      this.#answerLookup(circuit, id, [ERROR]);
      return;
    }
    if (this.#isFlood(circuit)) {
      if (circuit.isClosed) return;
      this.#counters.refuse('stream-flood');
      this.#answerLookup(circuit, id, [TRANSIENT]);
      return;
    }
    const what = lookupKind(message.value);
    if (what.kind === 'literal') this.#answerLookup(circuit, id, [what.answer]);
    else if (what.kind === 'bad' || resolver === undefined) this.#answerLookup(circuit, id, [ERROR]);
    else if (!this.#hasRoomForLookup(circuit)) {
      this.#counters.refuse('lookups');
      this.#answerLookup(circuit, id, [TRANSIENT]);
    } else {
      const asked =
        what.kind === 'reverse' ? resolver.names(what.address) : resolver.addresses(message.value);
      void this.#lookUp(circuit, asked).then((answers) => {
        this.#answerLookup(circuit, id, answers.length === 0 ? [ERROR] : answers);
        this.#modules.room.modules.turn.end();
      });
    }
  }

  /** The stream that a DATA cell belongs to, its window already charged; undefined: it goes nowhere. */
  streamForData(circuit: RelayCircuit, id: StreamId): EdgeStream | undefined {
    const stream = circuit.streams?.get(id);
    if (stream === undefined) {
      // It may have been on its way when the stream ended: dropped, and circuit windows count it.
      this.#counters.fault('unknown-stream');
      return undefined;
    }
    if (stream.window === undefined) return stream;
    const fault = streamOnData(stream.window);
    if (fault === undefined) return stream;
    this.#modules.circuits.fault(circuit, 'data-beyond-window');
    return undefined;
  }

  /** Data for a stream, gathered from neighbouring cells. */
  deliver(stream: EdgeStream, lease: Lease, offset: number, length: number): void {
    if (stream.isClosed || stream.circuit.isClosed) return;
    stream.onData(lease, offset, length);
    if (stream.waitingBytes <= this.#options.limits.streamQueueBytesMax) return;
    this.#counters.refuse('stream-queue');
    stream.close();
    this.#modules.room.end(stream, END_REASON.resourceLimit);
  }

  /** RELAY_END. */
  end(circuit: RelayCircuit, id: StreamId): void {
    const stream = circuit.streams?.get(id);
    if (stream === undefined) {
      this.#counters.fault('unknown-stream');
      return;
    }
    this.#modules.room.forget(stream);
    stream.onEnd();
  }

  /** RELAY_SENDME of a stream. */
  sendme(circuit: RelayCircuit, id: StreamId): void {
    const stream = circuit.streams?.get(id);
    if (stream === undefined) return;
    const fault = stream.window === undefined ? 'unexpected-message' : streamOnSendme(stream.window);
    if (fault !== undefined) this.#modules.circuits.fault(circuit, fault);
    else this.#modules.room.modules.turn.wake(circuit);
  }

  /** RELAY_XOFF and RELAY_XON. Proposal 324, section 4. */
  flow(circuit: RelayCircuit, id: StreamId, isXon: boolean, data: Uint8Array): void {
    const { circuits, room } = this.#modules;
    if (!circuit.crypto!.hasCongestionControl) {
      circuits.fault(circuit, 'unexpected-message');
      return;
    }
    const stream = circuit.streams?.get(id);
    if (stream === undefined) return;
    const rate = isXon ? decodeXon(data) : decodeXoff(data);
    if (!rate.ok) {
      circuits.fault(circuit, 'bad-message');
      return;
    }
    const kbps = rate.value?.rateKbPerSec ?? 0;
    const fault = isXon ? onXon(stream.obey, room.xon, kbps, undefined) : onXoff(stream.obey, undefined);
    if (fault !== undefined) {
      circuits.fault(circuit, 'xon-xoff');
      return;
    }
    if (!isXon) return;
    const { clock, turn } = room.modules;
    const burst = Math.max(1024, kbps * 1000 * RATE_BURST_SEC);
    stream.rate = kbps === 0 ? undefined : tokenBucket(kbps * 1000, burst, clock.now());
    turn.wake(circuit);
  }

  /** All streams of the circuit may be able to send. */
  pump(circuit: RelayCircuit): void {
    for (const stream of circuit.streams?.values() ?? []) stream.pump();
  }

  /** The circuit is gone, and its streams with it. */
  closeStreams(circuit: RelayCircuit): void {
    for (const stream of circuit.streams?.values() ?? []) {
      this.#modules.room.streamCount -= 1;
      stream.close();
    }
    circuit.streams = undefined;
  }

  get #counters() {
    return this.#modules.room.modules.counters;
  }

  #allows(address: Uint8Array, port: number): boolean {
    if (!this.#options.allowPrivateAddresses && isPrivateAddress(address)) return false;
    return policyAllows(this.policy, address, port);
  }

  #isFree(circuit: RelayCircuit, id: StreamId): boolean {
    if (id === CIRCUIT_STREAM) {
      this.#modules.circuits.fault(circuit, 'bad-message');
      return false;
    }
    if (circuit.streams?.has(id) !== true) return true;
    this.#counters.fault('stream-in-use');
    return false;
  }

  #hasRoom(circuit: RelayCircuit): boolean {
    const { streamsPerCircuitMax, streamsMax } = this.#options.limits;
    const { streamCount, lingering } = this.#modules.room;
    return (circuit.streams?.size ?? 0) < streamsPerCircuitMax && streamCount + lingering < streamsMax;
  }

  #add(stream: EdgeStream): void {
    const { circuit, id } = stream;
    circuit.streams ??= new Map();
    circuit.streams.set(id, stream);
    this.#modules.room.streamCount += 1;
    this.#counters.streamsOpened += 1;
  }

  async #findAndConnect(stream: ExitStream, begin: Begin): Promise<void> {
    const { room, resolver, network } = this.#modules;
    const { circuit } = stream;
    const hasRoom = resolver !== undefined && this.#hasRoomForLookup(circuit);
    const answers = hasRoom ? await this.#lookUp(circuit, resolver.addresses(begin.host)) : [TRANSIENT];
    if (!hasRoom) this.#counters.refuse('lookups');
    if (stream.isClosed || stream.circuit.isClosed) return;
    const hosts = pickAddresses(answers, begin);
    const host = hosts.find((text) => {
      const address = readAddress(text);
      return address !== undefined && this.#allows(address, begin.port);
    });
    if (host !== undefined) {
      stream.connect({ host, port: begin.port }, network);
    } else {
      stream.close();
      if (hosts.length > 0) this.#counters.refuse('exit-policy');
      room.end(stream, hosts.length > 0 ? END_REASON.exitPolicy : END_REASON.resolveFailed, hosts[0]);
    }
    room.modules.turn.end();
  }

  #hasRoomForLookup(circuit: RelayCircuit): boolean {
    const { lookupsMax, lookupsPerCircuitMax } = this.#options.limits;
    return this.#lookupCount < lookupsMax && circuit.lookupCount < lookupsPerCircuitMax;
  }

  async #lookUp(
    circuit: RelayCircuit,
    asked: Promise<readonly ResolvedAnswer[]>,
  ): Promise<readonly ResolvedAnswer[]> {
    this.#lookupCount += 1;
    circuit.lookupCount += 1;
    this.#counters.lookups += 1;
    let answers: readonly ResolvedAnswer[];
    try {
      answers = await asked;
    } catch {
      answers = [TRANSIENT];
    }
    this.#lookupCount -= 1;
    circuit.lookupCount -= 1;
    if (!answers.some(({ kind }) => kind === 'name' || kind === 'ipv4' || kind === 'ipv6')) {
      this.#counters.lookupErrors += 1;
    }
    return answers.map((answer) => ({ ...answer, ttlSec: TTL_SEC }));
  }

  #answerLookup(circuit: RelayCircuit, id: StreamId, answers: readonly ResolvedAnswer[]): void {
    if (circuit.isClosed) return;
    let data = encodeResolved(answers);
    const most = circuit.format.dataBytesMax(RELAY.resolved);
    for (let left = answers.length - 1; data.length > most; left -= 1)
      data = encodeResolved(answers.slice(0, left));
    this.#modules.room.modules.originator.message(circuit, RELAY.resolved, id, data);
  }

  /** Whether the circuit asks for more than it may; it is closed then where the network wants that. dos-spec, streams. */
  #isFlood(circuit: RelayCircuit): boolean {
    const { isStreamDefenceOn, isStreamFloodClosed, streamsPerSec, streamBurst } = this.defence;
    if (!isStreamDefenceOn) return false;
    const nowMs = this.#modules.room.modules.clock.now();
    circuit.streamTokens ??= tokenBucket(streamsPerSec, streamBurst, nowMs);
    if (takeTokens(circuit.streamTokens, 1, nowMs)) return false;
    if (isStreamFloodClosed) {
      this.#counters.refuse('stream-flood');
      this.#modules.circuits.close(circuit, DESTROY_REASON.resourceLimit);
    }
    return true;
  }

  #refuse(circuit: RelayCircuit, id: StreamId, why: RelayRefusal, reason: EndReason, host?: string): void {
    this.#counters.refuse(why);
    this.#counters.streamsRefused += 1;
    this.#end(circuit, id, reason, host);
  }

  #end(circuit: RelayCircuit, id: StreamId, reason: EndReason, host?: string): void {
    const data = encodeEnd({ reason, host, ttlSec: host === undefined ? 0 : TTL_SEC });
    this.#modules.room.modules.originator.message(circuit, RELAY.end, id, data);
  }
}

const ERROR: ResolvedAnswer = { kind: 'error', value: '', ttlSec: TTL_SEC };
const TRANSIENT: ResolvedAnswer = { kind: 'error-transient', value: '', ttlSec: TTL_SEC };
