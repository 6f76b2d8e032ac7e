import type { ByteStream, ConnectOptions, Endpoint, Listener, StreamHandler } from '../../runtime/port.ts';

/**
 * A way to reach peers: TCP, or uTP (BEP 29). To everything above, a stream is a stream. The members mean what they
 * mean in the `Network` of the Runtime.
 */
export interface Transport {
  readonly name: TransportName;
  connect(to: Endpoint, handler: StreamHandler, options: ConnectOptions): ByteStream;
  listen(at: Endpoint, accept: (stream: ByteStream) => StreamHandler | undefined): Promise<Listener>;
}

export type TransportName = 'tcp' | 'utp';
