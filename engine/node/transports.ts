import type { Transport, TransportName } from '../bittorrent/transport/transport.ts';
import { UtpEndpoint, type UtpOptions } from '../bittorrent/utp/endpoint.ts';
import type { Network, Runtime, StreamEnd } from '../runtime/port.ts';
import { UdpPort } from './udp-port.ts';

/** TCP first: it moves more bytes for the same work; uTP reaches those whom TCP does not. */
export const TRANSPORT_NAMES_DEFAULT: readonly TransportName[] = ['tcp', 'utp'];

export interface Transports {
  /** In the order they are to be tried. */
  readonly list: readonly Transport[];
  /** The UDP port, shared with the DHT; bound when the shard listens, unless uTP is not among the transports. */
  readonly udp: UdpPort;
  /** As the one of the runtime; who binds datagrams at {@link udp}'s own place gets the DHT's part of it. */
  readonly network: Network;
  close(): void;
}

const CLOSED: StreamEnd = { kind: 'failed', code: 'ENETDOWN' };

/** Makes the transports of a shard. */
export function createTransports(
  options: { readonly names: readonly TransportName[]; readonly utp?: Partial<UtpOptions> },
  modules: { readonly runtime: Runtime },
): Transports {
  const { network, clock, random } = modules.runtime;
  const udp = new UdpPort({ network });
  const endpoint = new UtpEndpoint(options.utp ?? {}, { clock, random, port: udp });
  const tcp: Transport = {
    name: 'tcp',
    connect: (to, handler, how) => network.connect(to, handler, how),
    listen: (at, accept) => network.listen(at, accept),
  };
  const names = [...new Set(options.names)];
  const utp = utpTransport(endpoint, udp, names.length === 1);
  udp.onUtp = (bytes, from) => endpoint.onDatagram(bytes, from);
  return {
    list: names.map((name) => (name === 'tcp' ? tcp : utp)),
    udp,
    network: sharedNetwork(network, udp),
    close() {
      endpoint.close();
      udp.close();
    },
  };
}

/** uTP as a {@link Transport}. `isAlone`: a port that cannot be bound is an error, as there is no other way to listen. */
function utpTransport(endpoint: UtpEndpoint, udp: UdpPort, isAlone: boolean): Transport {
  return {
    name: 'utp',
    connect: (to, handler, how) =>
      udp.local.port === 0 ? endpoint.refuse(to, handler, CLOSED) : endpoint.connect(to, handler, how),
    async listen(at, accept) {
      try {
        await udp.bind(at);
      } catch (error) {
        if (isAlone) throw error;
        // The UDP port of that number is somebody else's. From any other one we can still call.
        await udp.bind({ host: at.host, port: 0 }).catch(() => {});
      }
      endpoint.listen(accept);
      return {
        local: udp.local,
        async close() {
          endpoint.listen(undefined);
        },
      };
    },
  };
}

/** `network`, in which the DHT finds its part of the port where it asks for one of its own. */
function sharedNetwork(network: Network, udp: UdpPort): Network {
  const bindDatagram: Network['bindDatagram'] = (at, onMessage) => {
    if (!udp.isBoundTo(at) || udp.dht.has(at.host)) return network.bindDatagram(at, onMessage);
    udp.dht.set(at.host, onMessage);
    return Promise.resolve({
      local: at,
      get queuedBytes() {
        return udp.queuedBytes;
      },
      send: (bytes, to) => udp.send(bytes, to),
      close() {
        udp.dht.delete(at.host);
      },
    });
  };
  return new Proxy(network, {
    get(target, key) {
      if (key === 'bindDatagram') return bindDatagram;
      const value: unknown = Reflect.get(target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
