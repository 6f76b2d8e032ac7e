import type { DatagramSocket, Network } from '../../runtime/port.ts';
import { refuseStream } from '../../runtime/proxy/refuse.ts';

/** Who is not to be talked to. */
export interface HostFilter {
  /** `host`: a literal address; a name is never blocked. */
  isBlocked(host: string): boolean;
}

/** What a filter has kept away. */
export interface FilterStats {
  dialled: number;
  accepted: number;
  datagrams: number;
}

/**
 * A network without some hosts: they are not dialled, their connections are closed and their datagrams dropped, both
 * ways. HTTP goes to whom the user has named and is left alone.
 */
export function filterNetwork(network: Network, filter: HostFilter, stats: FilterStats): Network {
  const isAccepted = (host: string): boolean => {
    if (!filter.isBlocked(host)) return true;
    stats.accepted++;
    return false;
  };
  const isPassed = (host: string): boolean => {
    if (!filter.isBlocked(host)) return true;
    stats.datagrams++;
    return false;
  };
  const { joinMulticast } = network;
  const filtered = (socket: DatagramSocket): DatagramSocket => ({
    local: socket.local,
    get queuedBytes() {
      return socket.queuedBytes;
    },
    send(bytes, to) {
      if (isPassed(to.host)) socket.send(bytes, to);
    },
    close: () => socket.close(),
  });
  return {
    connect(to, handler, options) {
      if (!filter.isBlocked(to.host)) return network.connect(to, handler, options);
      stats.dialled++;
      return refuseStream(to, handler, 'EBLOCKED');
    },
    connectTls(to, handler, options) {
      if (!filter.isBlocked(to.host)) return network.connectTls(to, handler, options);
      stats.dialled++;
      return refuseStream(to, handler, 'EBLOCKED');
    },
    listen: (at, accept) =>
      network.listen(at, (stream) => (isAccepted(stream.remote.host) ? accept(stream) : undefined)),
    listenTls: (at, accept) =>
      network.listenTls(at, (stream) => (isAccepted(stream.remote.host) ? accept(stream) : undefined)),
    async bindDatagram(at, onMessage) {
      const socket = await network.bindDatagram(at, (bytes, from) => {
        if (isPassed(from.host)) onMessage(bytes, from);
      });
      return filtered(socket);
    },
    ...(joinMulticast === undefined
      ? {}
      : {
          async joinMulticast(group, localHost, onMessage) {
            const socket = await joinMulticast(group, localHost, (bytes, from) => {
              if (isPassed(from.host)) onMessage(bytes, from);
            });
            return filtered(socket);
          },
        }),
    lookup: (name) => network.lookup(name),
    lookupText: (name) => network.lookupText(name),
    http: (request) => network.http(request),
  };
}
