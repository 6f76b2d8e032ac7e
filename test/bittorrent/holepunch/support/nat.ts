import type { Endpoint, Network } from '../../../../engine/runtime/port.ts';

/**
 * What a machine behind a NAT has of the network: nobody from outside gets through by TCP, and datagrams only from
 * addresses and ports that it has sent to itself. `portShift`: how far outside its UDP ports are from those inside.
 */
export function behindNat(network: Network, portShift = 0): Network {
  const changed: Partial<Network> = {
    listen: (at) => Promise.resolve({ local: at, close: () => Promise.resolve() }),
    async bindDatagram(at, onMessage) {
      const open = new Set<string>();
      const outside = { host: at.host, port: at.port + portShift };
      const socket = await network.bindDatagram(outside, (bytes, from) => {
        if (open.has(keyOf(from))) onMessage(bytes, from);
      });
      return {
        local: at,
        get queuedBytes() {
          return socket.queuedBytes;
        },
        send(bytes, to) {
          open.add(keyOf(to));
          socket.send(bytes, to);
        },
        close: () => socket.close(),
      };
    },
  };
  return new Proxy(network, {
    get(target, key) {
      const value: unknown = Reflect.get(changed, key) ?? Reflect.get(target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

function keyOf({ host, port }: Endpoint): string {
  return `${host} ${port}`;
}
