import type { Endpoint } from '../../runtime/port.ts';
import type { UtpConnection } from './connection.ts';
import type { Outlet } from './outlet.ts';
import type { PacketPool } from './packet-pool.ts';
import type { ReceiveBudget } from './receive-budget.ts';

export interface ConnectionOptions {
  readonly remote: Endpoint;
  /** The id of packets that come, and of those that go. */
  readonly receiveId: number;
  readonly sendId: number;
  /** Of the next packet that takes a number. */
  readonly seq: number;
  /** Longest datagram to send: as far as is known when the connection is made. */
  readonly datagramBytes: number;
  /** Longest datagram to take that the peer is told of; 0 tells it nothing. */
  readonly longestBytes: number;
  readonly receiveWindowBytes: number;
  readonly sendWindowBytes: number;
  readonly packetsMax: number;
  readonly closeTimeoutMs: number;
}

export interface ConnectionModules {
  readonly outlet: Outlet;
  readonly pool: PacketPool;
  readonly budget: ReceiveBudget;
  /** It has something to do when this batch is through. */
  readonly wake: (connection: UtpConnection) => void;
  /** Called once, last. */
  readonly gone: (connection: UtpConnection) => void;
}
