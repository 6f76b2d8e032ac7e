import dgram from 'node:dgram';
import net from 'node:net';
import type { DatagramSocket, Endpoint } from '../port.ts';
import { type DirectDatagrams, openDirect } from './direct-send.ts';
import { isPort, toEndpoint } from './endpoint.ts';
import { bindError } from './network-error.ts';
import type { RealStats } from './stats.ts';

/** Asked of the system, which gives as much as it allows: a burst must not be lost while this process is busy. */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;
const SEND_BUFFER_BYTES = 1024 * 1024;

export interface DatagramOptions {
  /** Bytes that may wait in this process to be sent; what is over is dropped, as a network would. */
  readonly queuedBytesMax: number;
}

/** Binds a UDP socket. Sending never fails aloud: datagrams get lost, here as on the way. */
export function bindUdp(
  at: Endpoint,
  options: DatagramOptions,
  modules: { readonly stats: RealStats },
  onMessage: (bytes: Uint8Array, from: Endpoint) => void,
): Promise<DatagramSocket> {
  const family = net.isIPv6(at.host) ? 6 : 4;
  const socket = dgram.createSocket({
    type: family === 6 ? 'udp6' : 'udp4',
    // One socket, one family: the same port may be bound in the other one.
    ipv6Only: family === 6,
    // Addresses are literal, so nothing is looked up.
    lookup: (host, _options, done) => done(null, host, family),
  });
  const drop = (): void => {
    modules.stats.datagramsDropped++;
  };
  return new Promise((resolve, reject) => {
    socket.once('error', (error) => {
      socket.close();
      reject(bindError(error, at));
    });
    socket.bind({ address: at.host, port: at.port }, () => {
      socket.removeAllListeners('error');
      widen(socket);
      // An ICMP answer to something sent earlier: no reason to stop listening.
      socket.on('error', drop);
      const take = (bytes: Uint8Array, from: dgram.RemoteInfo): void =>
        onMessage(bytes, toEndpoint(from.address, from.port));
      const direct = openDirect(socket, family, take);
      if (direct === undefined) socket.on('message', take);
      const send =
        direct === undefined
          ? plainSender(socket, family, options, drop)
          : directSender(socket, direct, options, drop);
      const local = socket.address();
      let open = true;
      resolve({
        local: toEndpoint(local.address, local.port),
        get queuedBytes() {
          return open ? socket.getSendQueueSize() : 0;
        },
        send: (bytes, to) => (open ? send(bytes, to) : drop()),
        close: () => {
          if (open) socket.close();
          open = false;
        },
      });
    });
  });
}

type Sender = (bytes: Uint8Array, to: Endpoint) => void;

function plainSender(
  socket: dgram.Socket,
  family: 4 | 6,
  options: DatagramOptions,
  drop: () => void,
): Sender {
  return (bytes, to) => {
    const fits = family === 6 ? net.isIPv6(to.host) : net.isIPv4(to.host);
    const queuedBytes = socket.getSendQueueSize() + bytes.length;
    if (!fits || !isPort(to.port) || queuedBytes > options.queuedBytesMax) drop();
    // Without a callback Node makes nothing for a datagram that the system takes at once.
    else socket.send(bytes, to.port, to.host);
  };
}

function directSender(
  socket: dgram.Socket,
  direct: DirectDatagrams,
  options: DatagramOptions,
  drop: () => void,
): Sender {
  // Asking the system how much waits costs as much as sending: asked only once something does.
  let mayWait = false;
  return (bytes, to) => {
    if (mayWait) {
      const queuedBytes = socket.getSendQueueSize();
      mayWait = queuedBytes > 0;
      if (mayWait && queuedBytes + bytes.length > options.queuedBytesMax) return drop();
    }
    if (bytes.length > options.queuedBytesMax || !isPort(to.port)) return drop();
    const outcome = direct.send(bytes, to.port, to.host);
    if (outcome === 'queued') mayWait = true;
    else if (outcome === 'refused') drop();
  };
}

function widen(socket: dgram.Socket): void {
  try {
    socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
    socket.setSendBufferSize(SEND_BUFFER_BYTES);
  } catch {
    // Some systems refuse what is too much instead of giving less. Theirs will do.
  }
}
