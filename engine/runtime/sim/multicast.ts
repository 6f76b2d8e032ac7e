import type { DatagramSocket, Endpoint } from '../port.ts';
import { SimDatagramSocket } from './datagram.ts';
import type { Machine } from './machine.ts';

/** Who has joined which group, of one world. One member for each machine. */
export class SimGroups {
  private readonly members = new Map<string, Set<string>>();

  join(group: string, address: string): void {
    const members = this.members.get(group) ?? new Set();
    members.add(address);
    this.members.set(group, members);
  }

  leave(group: string, address: string): void {
    this.members.get(group)?.delete(address);
  }

  membersOf(group: string): readonly string[] {
    return [...(this.members.get(group) ?? [])];
  }
}

/** A socket in a multicast group: what is sent to the group goes to each member, all of the world being one network. */
export function joinSimGroup(
  machine: Machine,
  group: Endpoint,
  onMessage: (bytes: Uint8Array, from: Endpoint) => void,
): DatagramSocket {
  const { groups } = machine.world;
  const { address } = machine.host;
  const socket = new SimDatagramSocket(group, onMessage, { machine });
  machine.datagramSockets.set(group.port, socket);
  groups.join(group.host, address);
  return {
    local: group,
    queuedBytes: 0,
    send: (bytes, to) => {
      if (to.host !== group.host) socket.send(bytes, to);
      else
        for (const member of groups.membersOf(to.host)) socket.send(bytes, { host: member, port: to.port });
    },
    close: () => {
      groups.leave(group.host, address);
      socket.close();
    },
  };
}
