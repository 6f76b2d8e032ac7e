import type { Lease } from '../../kernels/lease.ts';
import type { ClientCiphers } from '../../kernels/relay-cells.ts';
import type { Slab } from '../../kernels/slab.ts';
import type { Runtime } from '../../runtime/port.ts';
import type { END_REASON } from '../cell/reason.ts';
import type { DirectoryAuthority } from '../directory/authority-types.ts';
import type { Channel, ChannelHandler, ExpectedPeer } from '../link/types.ts';
import type { PathOptions } from '../path/network.ts';
import type { Ipv6Choice } from './address-choice.ts';
import type { OnionProgress } from './progress.ts';

/**
 * Why a stream is gone: the other end's reason (tor-spec, END reasons), or one of ours. `no-exit`: no relay lets this
 * port out; `no-circuit`: none could be built in time; `circuit-closed`: the circuit broke under it;
 * `private-answer`: the exit named an address of a private network; `bad-name`: nothing that an exit could look up;
 * `stopped`: the client was; `closed`: by our own end or destroy; `too-many`: a bound was reached.
 */
export type StreamReason =
  | keyof typeof END_REASON
  | 'no-exit'
  | 'no-circuit'
  | 'circuit-closed'
  | 'private-answer'
  | 'bad-name'
  | 'stopped'
  | 'closed'
  | 'too-many';

/** How a stream ended. `ended`: the other end was done and all that it sent has been handed over. */
export interface OnionStreamEnd {
  readonly kind: 'ended' | 'closed' | 'failed';
  readonly reason: StreamReason;
}

/** The owner of a stream. */
export interface OnionStreamHandler {
  /** The exit is connected. `host`: the address it found, when it told one. */
  onOpen(host: string | undefined): void;
  /**
   * What came, where it lies in the slab; `bytes` is valid during the call. Who needs it longer takes a hold on
   * `lease` and lets go later. Once the bytes are out of the way, {@link OnionStream.consumed} must be told.
   */
  onData(bytes: Uint8Array, lease: Lease): void;
  /** {@link OnionStream.queuedBytes} is 0 again. */
  onDrain(): void;
  /** Once, last. Every pending `written` callback has been called before. */
  onClose(end: OnionStreamEnd): void;
}

/** A stream through the network; what is written before it is open waits. */
export interface OnionStream {
  readonly host: string;
  readonly port: number;
  /** Bytes written that are not in cells yet. */
  readonly queuedBytes: number;
  /** Queues `bytes`, which must stay untouched until `written` is called: true when they are in cells. */
  write(bytes: Uint8Array, written?: (ok: boolean) => void): void;
  /** `byteLength` bytes handed over by `onData` are out of the way: more may come. */
  consumed(byteLength: number): void;
  /** Sends what is queued, then closes both directions: a stream of this network has no half. */
  end(): void;
  /** Closes at once. */
  destroy(): void;
}

/** Where a stream shall go, and with which others it may share a circuit. */
export interface StreamRequest {
  /** A name, or a literal address. */
  readonly host: string;
  readonly port: number;
  /** From `isolationKey` of the path room, or any text: streams with other texts never share a circuit. */
  readonly isolation: string;
}

/** A name or address that an exit found. `ttlSec`: how long it may be kept. */
export interface OnionAddress {
  readonly kind: 'ipv4' | 'ipv6' | 'name';
  readonly value: string;
  readonly ttlSec: number;
}

/** Small values that outlive the process. `set` replaces the whole value, atomically. */
export interface KeyValueStore {
  get(key: string): Promise<Uint8Array | undefined>;
  set(key: string, value: Uint8Array): Promise<void>;
}

/** Opens a link to a relay as a client, which proves nothing and checks who the relay is. */
export type ChannelConnector = (
  to: { readonly host: string; readonly port: number; readonly expected: ExpectedPeer },
  handler: ChannelHandler,
) => Channel;

/** What a client needs from outside. One `ciphers` per thread, made by `createClientCiphers`, serves many clients. */
export interface OnionClientModules {
  readonly runtime: Runtime;
  readonly slab: Slab;
  readonly ciphers: ClientCiphers;
  readonly connect: ChannelConnector;
  readonly store: KeyValueStore;
  /** Told of everything that a user might want to see. */
  readonly onProgress?: (progress: OnionProgress) => void;
}

/** Settings of a client; see SETTINGS in settings.ts for what holds where nothing is set. */
export interface OnionClientSettings {
  /** Ask exits for congestion control where the network wants it. */
  readonly congestionControl: boolean;
  /** Ask relays for Counter Galois Onion where they have it; only with congestion control. */
  readonly cgo: boolean;
  /** Over which addresses the first relays and the authorities are reached. */
  readonly ipv6: Ipv6Choice;
  /** Believe exits that name private addresses: only on test networks. */
  readonly allowPrivateAnswers: boolean;
  /** Keep clean circuits ready for ports used of late. */
  readonly preBuild: boolean;
  /** Ask for the consensus by plain HTTP at an authority's DirPort instead of a circuit. */
  readonly useDirPort: boolean;
  /** Least time-out of a circuit, whatever was learned. */
  readonly buildTimeoutMinMs: number;
  /** How long a stream may take from `openStream` to its connection, retries included. */
  readonly streamTimeoutMs: number;
  /**
   * An open stream on which nothing came or went for so long fails with `timeout`; Infinity: never. A relay that vanishes
   * without a word leaves no other trace than silence, but so do people who think.
   */
  readonly streamIdleTimeoutMs: number;
  /** Circuits that a stream tries. */
  readonly streamAttemptsMax: number;
  /** Open streams of the client. */
  readonly streamsMax: number;
  /** Circuits being built at once. */
  readonly buildingMax: number;
  /** Circuits of any kind. */
  readonly circuitsMax: number;
  /** Bytes written to one stream that wait; beyond it the stream fails with `too-many`. */
  readonly streamQueueBytesMax: number;
  readonly paths: PathOptions;
}

export interface OnionClientOptions extends Partial<OnionClientSettings> {
  /** Whom to believe; also where a client without any documents asks. */
  readonly authorities: readonly DirectoryAuthority[];
}

/** A relay of a circuit, for status. */
export interface HopStatus {
  readonly nickname: string;
  /** 40 upper-case hex digits. */
  readonly fingerprint: string;
  readonly cipher: 'tor1' | 'cgo';
}

/** A primary guard, for status. */
export interface GuardStatus {
  /** Empty: the consensus does not list it at present. */
  readonly nickname: string;
  /** 40 upper-case hex digits. */
  readonly fingerprint: string;
  readonly reachable: 'yes' | 'no' | 'maybe';
  /** A circuit over it has been used, so it is kept for months. */
  readonly isConfirmed: boolean;
}

/** A circuit as it is shown to users. */
export interface CircuitStatus {
  readonly id: number;
  readonly state: 'building' | 'waiting' | 'open';
  readonly purpose: 'exit' | 'internal' | 'directory';
  readonly hops: readonly HopStatus[];
  readonly congestionControl: boolean;
  readonly streamCount: number;
  /** Milliseconds since it was begun. */
  readonly ageMs: number;
  readonly isDirty: boolean;
}
