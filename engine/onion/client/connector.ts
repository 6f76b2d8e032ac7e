import type { Runtime } from '../../runtime/port.ts';
import type { CellMemory } from '../link/cell-memory.ts';
import { dialChannel } from '../link/connect.ts';
import type { LinkStats } from '../link/stats.ts';
import type { ChannelConnector } from './types.ts';

/** Time for TCP and TLS, and for the handshake of the link behind it. */
const CONNECT_TIMEOUT_MS = 15_000;
const HANDSHAKE_TIMEOUT_MS = 15_000;

/** Opens links over the TLS streams of a runtime, as a client: without credentials and addresses of its own. */
export function linkConnector(modules: {
  readonly runtime: Runtime;
  readonly memory: CellMemory;
  readonly stats: LinkStats;
}): ChannelConnector {
  const { runtime, memory, stats } = modules;
  return ({ host, port, expected }, handler) =>
    dialChannel(
      { host, port },
      {
        expected,
        ownHosts: [],
        connectTimeoutMs: CONNECT_TIMEOUT_MS,
        handshakeTimeoutMs: HANDSHAKE_TIMEOUT_MS,
        // A burst of cells is 64 KiB: two of them keep the link busy.
        queueHighBytes: 128 * 1024,
        queueLowBytes: 48 * 1024,
      },
      { runtime, memory, stats, network: runtime.network },
      () => handler,
    );
}
