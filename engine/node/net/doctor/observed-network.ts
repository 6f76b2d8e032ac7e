import { Resolver } from 'node:dns/promises';
import { readAddress } from '../../../codec/address.ts';
import type { Endpoint } from '../../../runtime/port.ts';
import { httpOver } from '../../../runtime/proxy/http-over.ts';
import { TunnelStream } from '../../../runtime/proxy/tunnel-stream.ts';
import type { RealNetwork } from '../../../runtime/real/network.ts';
import type { RealRuntime } from '../../../runtime/real/runtime.ts';

const HTTP_MS = 5_000;

/** The lowest network of a leak test, and whom it was made to reach directly. */
export interface Observed {
  readonly runtime: RealRuntime;
  /** `host:port` of each. */
  readonly reached: ReadonlySet<string>;
}

/**
 * The system's network with two differences: it notes whom it is made to reach, and asks for names at `nameServer`, so
 * that a question which would go to the system's resolver is seen there.
 */
export function observe(real: RealRuntime, nameServer: Endpoint): Observed {
  const reached = new Set<string>();
  const { network, clock } = real;
  const note = ({ host, port }: Endpoint): void => {
    reached.add(`${host}:${port}`);
  };
  const resolver = new Resolver({ timeout: 1000, tries: 1 });
  resolver.setServers([`${nameServer.host}:${nameServer.port}`]);
  const lookup = async (name: string): Promise<readonly string[]> => {
    if (readAddress(name) !== undefined) return [name];
    if (name === 'localhost') return ['127.0.0.1'];
    note(nameServer);
    return resolver.resolve4(name);
  };
  const connect: RealNetwork['connect'] = (to, owner, how) => {
    if (readAddress(to.host) !== undefined) {
      note(to);
      return network.connect(to, owner, how);
    }
    const stream = new TunnelStream({ to, timeoutMs: how.timeoutMs }, { clock, owner });
    lookup(to.host).then(
      ([host]) => {
        note({ host: host!, port: to.port });
        stream.attach(network.connect({ host: host!, port: to.port }, stream, how));
      },
      () => stream.fail('ENOTFOUND'),
    );
    return stream;
  };
  const observed: RealNetwork = {
    ...network,
    ...{ connect, lookup },
    lookupText: async (name) => {
      note(nameServer);
      return (await resolver.resolveTxt(name)).map((parts) => parts.join(''));
    },
    http: httpOver((to, owner) => connect(to, owner, { timeoutMs: HTTP_MS })),
    async bindDatagram(at, onMessage) {
      const socket = await network.bindDatagram(at, onMessage);
      const send = socket.send.bind(socket);
      return Object.assign(socket, {
        send: (bytes: Uint8Array, to: Endpoint) => {
          note(to);
          send(bytes, to);
        },
      });
    },
  };
  return { runtime: { ...real, network: observed }, reached };
}
