import net from 'node:net';
import type { ConnectOptions, Endpoint, Network, StreamHandler } from '../port.ts';
import { bindUdp, type DatagramOptions } from './datagram.ts';
import { endOfError, isPort, toEndpoint } from './endpoint.ts';
import { requestHttp } from './http.ts';
import { listenTcp } from './listener.ts';
import type { RealStats } from './stats.ts';
import { RealStream, type RealStreamModules, type RealStreamOptions } from './stream.ts';

export type RealNetworkOptions = RealStreamOptions & DatagramOptions;

const BIN_BYTES = 65536;

/** The machine's own network. */
export function createRealNetwork(
  options: RealNetworkOptions,
  modules: { readonly stats: RealStats },
): Network {
  const streamModules: RealStreamModules = { stats: modules.stats, bin: new Uint8Array(BIN_BYTES) };
  return {
    connect: (to, handler, how) => connectTcp(to, handler, how, options, streamModules),
    listen: (at, accept) => listenTcp({ ...at, ...options }, streamModules, accept),
    bindDatagram: (at, onMessage) => bindUdp(at, options, modules, onMessage),
    http: requestHttp,
  };
}

function connectTcp(
  to: Endpoint,
  handler: StreamHandler,
  how: ConnectOptions,
  options: RealStreamOptions,
  modules: RealStreamModules,
): RealStream {
  const socket = new net.Socket();
  socket.pause();
  const stream = new RealStream(socket, toEndpoint(to.host, to.port), options, modules);
  stream.await(handler, how.timeoutMs);
  if (!isPort(to.port)) {
    stream.fail({ kind: 'failed', code: 'EINVAL' });
    return stream;
  }
  try {
    const localAddress = how.localHost === undefined ? {} : { localAddress: how.localHost };
    socket.connect({ host: to.host, port: to.port, noDelay: true, ...localAddress });
  } catch (error) {
    // Node throws for arguments it finds senseless; addresses come from strangers.
    stream.fail(endOfError(error));
  }
  return stream;
}
