import net from 'node:net';
import type tls from 'node:tls';
import type { ConnectOptions, Endpoint, Network, StreamHandler, TlsStream } from '../port.ts';
import { bindUdp, type DatagramOptions } from './datagram.ts';
import { endOfError, isPort, toEndpoint } from './endpoint.ts';
import { requestHttp } from './http.ts';
import { listenTcp } from './listener.ts';
import { joinGroup } from './multicast.ts';
import { lookupName, lookupText } from './names.ts';
import type { SenderCrew } from './senders/crew.ts';
import type { RealStats } from './stats.ts';
import { RealStream, type RealStreamModules, type RealStreamOptions } from './stream.ts';
import { acceptTls, type TlsAcceptOptions, type TlsAcceptor } from './tls-acceptor.ts';
import { tlsContext } from './tls-context.ts';
import { listenTls } from './tls-listener.ts';
import { type RealTlsOptions, RealTlsStream } from './tls-stream.ts';

export type RealNetworkOptions = RealStreamOptions & DatagramOptions;

const BIN_BYTES = 65536;
const NONE = new Uint8Array(0);

/** The machine's own network. */
export interface RealNetwork extends Network {
  /** As {@link Network.listenTls}, for connections that were accepted elsewhere. */
  acceptTls(options: TlsAcceptOptions, accept: (stream: TlsStream) => StreamHandler | undefined): TlsAcceptor;
}

/** One {@link RealNetwork}; any number may exist. */
export function createRealNetwork(
  options: RealNetworkOptions,
  modules: { readonly stats: RealStats; readonly senders: SenderCrew },
): RealNetwork {
  const streamModules: RealStreamModules = { ...modules, bin: new Uint8Array(BIN_BYTES) };
  let callers: tls.SecureContext | undefined; // made when the first one is needed
  return {
    connect: (to, handler, how) => connectTcp(to, handler, how, options, streamModules),
    listen: (at, accept) => listenTcp({ ...at, ...options }, streamModules, accept),
    connectTls(to, handler, how) {
      callers ??= tlsContext();
      const tlsOptions = { ...options, isServer: false, secureContext: callers, ownCertificate: NONE };
      return connectTls(to, handler, how, tlsOptions, streamModules);
    },
    listenTls: (at, accept) => listenTls({ ...at, ...options }, streamModules, accept),
    acceptTls: (how, accept) => acceptTls({ ...how, ...options }, streamModules, accept),
    bindDatagram: (at, onMessage) => bindUdp(at, options, modules, onMessage),
    joinMulticast: joinGroup,
    lookup: lookupName,
    lookupText,
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
  const socket = idleSocket();
  const stream = new RealStream(socket, toEndpoint(to.host, to.port), options, modules);
  dial(socket, stream, to, handler, how);
  return stream;
}

function connectTls(
  to: Endpoint,
  handler: StreamHandler,
  how: ConnectOptions,
  options: RealTlsOptions,
  modules: RealStreamModules,
): TlsStream {
  const socket = idleSocket();
  const stream = new RealTlsStream(socket, toEndpoint(to.host, to.port), options, modules);
  dial(socket, stream, to, handler, how);
  return stream;
}

/** Reads nothing yet. Small writes are to go out at once; given to `connect`, that wish would not be heard. */
function idleSocket(): net.Socket {
  const socket = new net.Socket();
  socket.setNoDelay(true);
  socket.pause();
  return socket;
}

function dial(
  socket: net.Socket,
  stream: RealStream,
  to: Endpoint,
  handler: StreamHandler,
  how: ConnectOptions,
): void {
  stream.await(handler, how.timeoutMs);
  if (!isPort(to.port)) {
    stream.fail({ kind: 'failed', code: 'EINVAL' });
    return;
  }
  try {
    const localAddress = how.localHost === undefined ? {} : { localAddress: how.localHost };
    socket.connect({ host: to.host, port: to.port, ...localAddress });
  } catch (error) {
    // Node throws for arguments it finds senseless; addresses come from strangers.
    stream.fail(endOfError(error));
  }
}
