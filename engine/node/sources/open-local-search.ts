import { AlliumError } from '../../codec/error.ts';
import { LSD_GROUPS, LSD_PORT } from '../../discovery/lsd/message.ts';
import { LocalSearch } from '../../discovery/lsd/search.ts';
import type { Endpoint, Runtime } from '../../runtime/port.ts';
import type { LocalFinder } from './finders.ts';

const ANY_ADDRESS: ReadonlySet<string> = new Set(['', '0.0.0.0', '::']);

/** Joins the group of BEP 14 on the interface that has the address, or on the system's choice. */
export async function openLocalSearch(
  at: Endpoint,
  runtime: Runtime,
): Promise<LocalFinder & { close(): void }> {
  const group = at.host.includes(':') && at.host !== '::' ? LSD_GROUPS.ipv6 : LSD_GROUPS.ipv4;
  const to = { host: group, port: LSD_PORT };
  const { clock, random, network } = runtime;
  if (network.joinMulticast === undefined) {
    throw new AlliumError('NETWORK_FAILED', 'this network has no multicast', {
      advice: 'Behind a proxy or bound to an interface, the local network is not searched.',
    });
  }
  let search: LocalSearch | undefined;
  const socket = await network.joinMulticast(
    to,
    ANY_ADDRESS.has(at.host) ? undefined : at.host,
    (bytes, from) => search?.onDatagram(bytes, from),
  );
  search = new LocalSearch({ clock, random, group, send: (bytes) => socket.send(bytes, to) });
  const joined = search;
  return {
    announce: (infoHash, port, onPeers) => joined.announce(infoHash, port, onPeers),
    close: () => {
      joined.close();
      socket.close();
    },
  };
}
