import type { Slab } from '../../kernels/slab.ts';
import type { Clock } from '../../runtime/port.ts';
import type { PeerConnection } from './connection.ts';
import type { CloseReason, PeerHost } from './peer-host.ts';
import type { ReceiveMemory } from './receive-memory.ts';
import type { SendTurns } from './send-turns.ts';

export interface ConnectionOptions {
  /** Unique while the shard lives. */
  readonly id: number;
  readonly direction: 'incoming' | 'outgoing';
  /** Requests of the peer that wait for an answer; more are refused. */
  readonly requestQueueMax: number;
}

export interface ConnectionModules {
  readonly memory: ReceiveMemory;
  readonly slab: Slab;
  readonly clock: Clock;
  readonly turns: SendTurns;
  /** The torrent of an incoming connection, by the 20 bytes of its handshake; one that has to be fetched comes later. */
  readonly lookup: (infoHash: Uint8Array) => PeerHost | Promise<PeerHost | undefined> | undefined;
  /** Called once, last, also when the connection never came about. */
  readonly onClosed: (connection: PeerConnection, reason: CloseReason) => void;
}
