import type { TransportName } from '../../bittorrent/transport/transport.ts';
import { AlliumError } from '../../codec/error.ts';
import type { Endpoint, Network, Runtime } from '../../runtime/port.ts';
import { parseProxy } from '../../runtime/proxy/parse-proxy.ts';
import { createProxyNetwork } from '../../runtime/proxy/proxy-network.ts';
import { createRealRuntime, type RealRuntime } from '../../runtime/real/runtime.ts';
import { TRANSPORT_NAMES_DEFAULT } from '../transports.ts';
import { BLOCKLIST_DEFAULTS, Blocklist } from './blocklist/blocklist.ts';
import { BoundNames } from './bound-names.ts';
import { BoundNetwork } from './bound-network.ts';
import { type FilterStats, filterNetwork } from './filtered-network.ts';
import { type AddressesOf, addressesOf } from './interface-addresses.ts';

const BIND_POLL_MS = 1_000;

/** By which ways a node may reach others; `false` where there is none of it. */
export interface NetSettings {
  /** `socks5://…` or `http://…`: streams and HTTP go through it, datagrams too where it carries them. */
  readonly proxy: string | false;
  /** Nothing at all goes outside the proxy; nobody can connect to us then. */
  readonly proxyOnly: boolean;
  /** An interface by name, or an address: every socket has its local end there or is not made. */
  readonly bind: string | false;
  /** A file of addresses not to talk to. */
  readonly blocklist: string | false;
  /** Name servers to ask where `bind` is set; without it those of the system. */
  readonly nameServers?: readonly Endpoint[];
}

export const NET_DEFAULTS: NetSettings = { proxy: false, proxyOnly: false, bind: false, blocklist: false };

export interface WorldModules {
  /** What everything leaves by in the end. */
  readonly base: RealRuntime;
  readonly addressesOf: AddressesOf;
  /** Something the operator should know: the interface went away, the list cannot be read. */
  readonly report: (line: string) => void;
}

/** The real runtime with the network that the settings ask for. */
export type NodeRuntime = Runtime & Pick<RealRuntime, 'files' | 'stats' | 'senders'>;

export interface World {
  readonly runtime: NodeRuntime;
  /** How peers are to be reached: behind a proxy by TCP alone, since datagrams might go around it. */
  readonly transports: readonly TransportName[];
  /** False: nobody can connect to us, so there is no point in listening. */
  readonly mayListen: boolean;
  readonly blocked: FilterStats;
  close(): void;
}

/**
 * Makes the network of a node from its settings: the interface lowest, the proxy over it, the blocklist on top.
 * Rejects with BAD_USAGE for settings that make no sense, with WOULD_LEAK when the interface is not there, and with the
 * file system's errors for the blocklist.
 */
export async function openWorld(
  settings: NetSettings = NET_DEFAULTS,
  modules: Partial<WorldModules> = {},
): Promise<World> {
  const base = modules.base ?? createRealRuntime();
  const { clock, files } = base;
  const report = modules.report ?? (() => {});
  const blocked: FilterStats = { dialled: 0, accepted: 0, datagrams: 0 };
  const closers: (() => void)[] = [];
  if (settings.proxyOnly && settings.proxy === false) {
    throw new AlliumError('BAD_USAGE', 'proxyOnly is set, but there is no proxy', {
      advice: 'Name a proxy, such as socks5://127.0.0.1:1080.',
    });
  }
  let network: Network = base.network;
  if (settings.bind !== false) {
    const bound = bindTo(settings.bind, settings, base, modules.addressesOf ?? addressesOf, report);
    closers.push(() => bound.close());
    network = bound;
  }
  if (settings.proxy !== false) {
    network = createProxyNetwork(parseProxy(settings.proxy, settings.proxyOnly), { network, clock });
  }
  if (settings.blocklist !== false) {
    const path = settings.blocklist;
    const onError = (error: unknown): void =>
      report(`the blocklist ${path} was not read again: ${error instanceof Error ? error.message : error}`);
    try {
      const list = await Blocklist.open({ ...BLOCKLIST_DEFAULTS, path }, { files, clock, onError });
      closers.push(() => list.close());
      network = filterNetwork(network, list, blocked);
    } catch (error) {
      for (const close of closers) close();
      throw error;
    }
  }
  return {
    runtime: { ...base, network },
    transports: settings.proxy === false ? TRANSPORT_NAMES_DEFAULT : ['tcp'],
    mayListen: !settings.proxyOnly,
    blocked,
    close() {
      for (const close of closers.splice(0)) close();
    },
  };
}

function bindTo(
  bind: string,
  settings: NetSettings,
  base: RealRuntime,
  addresses: AddressesOf,
  report: (line: string) => void,
): BoundNetwork {
  if (addresses(bind).length === 0) {
    throw new AlliumError('WOULD_LEAK', `there is no interface or address “${bind}” to bind to`, {
      advice: 'Bring it up first, or name another one.',
      details: { bind },
    });
  }
  const { nameServers: servers } = settings;
  const names = new BoundNames(servers === undefined ? {} : { servers }, (family) => bound.local(family));
  const bound: BoundNetwork = new BoundNetwork(
    { bind, pollMs: BIND_POLL_MS },
    {
      ...{ network: base.network, clock: base.clock, addressesOf: addresses, names },
      onChange: (isUp) =>
        report(isUp ? `${bind} is back` : `${bind} is gone: its connections are closed, and none is made`),
    },
  );
  return bound;
}
