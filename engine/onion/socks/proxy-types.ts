import type {
  OnionAddress,
  OnionStream,
  OnionStreamHandler,
  StreamReason,
  StreamRequest,
} from '../client/types.ts';
import type { ProxyFault } from './negotiation.ts';

/** What a proxy needs of the client behind it; an `OnionClient` has it. */
export interface ProxyClient {
  openStream(request: StreamRequest, handler: OnionStreamHandler): OnionStream;
  /** Rejects with an AlliumError whose details have the `reason`. */
  resolve(name: string, isolation?: string): Promise<readonly OnionAddress[]>;
}

export interface ProxyOptions {
  /** Local connections at once, of all ports together. */
  readonly connectionsMax: number;
  /** From the accepted connection to the complete request. */
  readonly handshakeTimeoutMs: number;
  /** How long a stream may go on sending after the program behind it has gone. */
  readonly lingerMs: number;
  /** Bytes read from a program that are not in cells yet: as much and it is read no further. */
  readonly uploadQueueBytes: number;
  /** Bytes that came for a program that does not take them; beyond it the connection ends. */
  readonly downloadQueueBytesMax: number;
  /** Also keep streams to different hosts, to different ports apart. */
  readonly isolateDestinationHost: boolean;
  readonly isolateDestinationPort: boolean;
}

export const PROXY_DEFAULTS: ProxyOptions = {
  connectionsMax: 1024,
  handshakeTimeoutMs: 30_000,
  lingerMs: 30_000,
  uploadQueueBytes: 128 * 1024,
  // An exit that is told to stop has a window of the circuit on its way already, some 2.5 MB with congestion control.
  downloadQueueBytesMax: 8 * 2 ** 20,
  isolateDestinationHost: false,
  isolateDestinationPort: false,
};

/** What a proxy has seen. Live, and without any address. */
export interface ProxyStats {
  accepted: number;
  /** Connections beyond {@link ProxyOptions.connectionsMax}. */
  turnedAway: number;
  /** Those that did not ask in time. */
  tooSlow: number;
  streams: number;
  lookups: number;
  /** From programs into the network, and back. */
  uploadedBytes: number;
  downloadedBytes: number;
  readonly faults: Map<ProxyFault, number>;
  readonly failures: Map<StreamReason, number>;
}

export function createProxyStats(): ProxyStats {
  return {
    accepted: 0,
    turnedAway: 0,
    tooSlow: 0,
    streams: 0,
    lookups: 0,
    uploadedBytes: 0,
    downloadedBytes: 0,
    faults: new Map(),
    failures: new Map(),
  };
}
