import dgram from 'node:dgram';
import net from 'node:net';
import type { DatagramSocket, Endpoint } from '../port.ts';
import { toEndpoint } from './endpoint.ts';
import { bindError } from './network-error.ts';

/** Datagrams to a group stay on the local network. */
const HOPS = 1;

/** Joins a multicast group. Others on this machine may have joined it at the same port. */
export function joinGroup(
  group: Endpoint,
  localHost: string | undefined,
  onMessage: (bytes: Uint8Array, from: Endpoint) => void,
): Promise<DatagramSocket> {
  const isV6 = net.isIPv6(group.host);
  const socket = dgram.createSocket({ type: isV6 ? 'udp6' : 'udp4', reuseAddr: true, ipv6Only: isV6 });
  return new Promise((resolve, reject) => {
    const refuse = (error: Error): void => {
      socket.close();
      reject(bindError(error, group));
    };
    socket.once('error', refuse);
    // Bound to the group, it does not get what is sent to the port alone.
    socket.bind({ address: group.host, port: group.port }, () => {
      try {
        socket.addMembership(group.host, localHost);
        if (localHost !== undefined) socket.setMulticastInterface(localHost);
        socket.setMulticastTTL(HOPS);
        socket.setMulticastLoopback(true);
      } catch (error) {
        socket.removeAllListeners('error');
        refuse(error as Error);
        return;
      }
      socket.removeAllListeners('error');
      socket.on('error', () => {});
      socket.on('message', (bytes, from) => onMessage(bytes, toEndpoint(from.address, from.port)));
      resolve(groupSocket(socket));
    });
  });
}

function groupSocket(socket: dgram.Socket): DatagramSocket {
  const { address, port } = socket.address();
  let open = true;
  return {
    local: toEndpoint(address, port),
    get queuedBytes() {
      return open ? socket.getSendQueueSize() : 0;
    },
    send: (bytes, to) => {
      if (open) socket.send(bytes, to.port, to.host, () => {});
    },
    close: () => {
      if (open) socket.close();
      open = false;
    },
  };
}
