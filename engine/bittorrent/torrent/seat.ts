import type { HashService } from '../../kernels/hash-service.ts';
import type { Slab } from '../../kernels/slab.ts';
import type { Endpoint, Runtime } from '../../runtime/port.ts';
import type { LimitTree } from '../limits/limit-tree.ts';
import type { PeerConnection } from '../peer/connection.ts';
import type { PeerHost } from '../peer/peer-host.ts';
import type { FileCache } from '../storage/file-cache.ts';
import type { TransportName } from '../transport/transport.ts';

/** What a shard carries: a torrent, or the search for the metadata of one. */
export interface ShardHost extends PeerHost {
  readonly isStopped: boolean;
  /** The shard has begun to dial for it. */
  onDialing(connection: PeerConnection): void;
  stop(): Promise<void>;
}

/** What a shard lends to those it carries. */
export interface ShardSeat {
  readonly runtime: Runtime;
  readonly slab: Slab;
  readonly hashes: HashService;
  readonly cache: FileCache;
  readonly limits: LimitTree;
  /** 20 bytes. */
  readonly localPeerId: Uint8Array;
  /** Whether the shard has room for one more connection. */
  readonly mayDial: () => boolean;
  /** `by`: this transport alone; without it whichever comes about. */
  readonly dial: (host: ShardHost, endpoint: Endpoint, by?: TransportName) => void;
  /** Whether uTP is among the transports. */
  readonly hasUtp: boolean;
}
