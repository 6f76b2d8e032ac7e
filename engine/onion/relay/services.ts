import type { Endpoint } from '../../runtime/port.ts';
import type { ResolvedAnswer } from '../cell/messages.ts';
import type { Create2Fault, HandshakeDone, HandshakeJob } from '../crypto/create2-server.ts';
import type { Outcome } from '../crypto/outcome.ts';
import type { Channel, ChannelHandler, ExpectedPeer, LinkPeer } from '../link/types.ts';

/** Answers CREATE2: in the event loop or in workers. */
export interface OnionskinService {
  /** How many it works on side by side; more are not given to it at once. */
  readonly parallelMax: number;
  /** Calls `done` exactly once, before it returns or later. */
  answer(job: HandshakeJob, done: (outcome: Outcome<HandshakeDone, Create2Fault>) => void): void;
  /** After a rotation: private keys, the current one first. */
  setOnionKeys(onionKeys: readonly Uint8Array[]): void;
  /** After a new consensus. `sendmeIncrement` undefined: no congestion control. */
  setPolicy(policy: { readonly sendmeIncrement: number | undefined; readonly cgo: boolean }): void;
}

/** Looks names up for exits. Answers with `error` or `error-transient` rather than failing. */
export interface Resolver {
  /** Addresses of a name, best first. */
  addresses(name: string): Promise<readonly ResolvedAnswer[]>;
  /** Names of a literal address. */
  names(address: string): Promise<readonly ResolvedAnswer[]>;
}

/**
 * Answers directory requests that come over BEGIN_DIR. Given all bytes that have come so far, each time there are
 * more: undefined when the request is not whole yet, else the whole answer, upon which the stream ends.
 */
export type DirectoryHandler = (
  request: Uint8Array,
  from: LinkPeer | undefined,
) => undefined | Uint8Array | Promise<Uint8Array>;

/** Makes and takes links: the part of the link room that a relay needs. */
export interface Links {
  /** The channel is returned at once; its handler hears how it went. */
  dial(to: Endpoint, expected: ExpectedPeer, handler: ChannelHandler): Channel;
  /** `accept` is called for each incoming link before its handshake; undefined closes it. */
  listen(accept: (channel: Channel) => ChannelHandler | undefined): Promise<LinkListener>;
}

/** A place where links come in. */
export interface LinkListener {
  readonly local: Endpoint;
  /** New link keys, for links from now on. */
  renew(): void;
  close(): Promise<void>;
}

/**
 * Whether a peer may be the previous hop of a circuit that opens a stream. Undefined: it did not prove who it is.
 * A relay asks its consensus; where none is given every relay may, and no client.
 */
export type ExitSource = (peer: LinkPeer | undefined) => boolean;
