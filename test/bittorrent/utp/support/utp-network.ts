import { UtpEndpoint, type UtpOptions } from '../../../../engine/bittorrent/utp/endpoint.ts';
import { UdpPort } from '../../../../engine/node/udp-port.ts';
import type { Endpoint, Network, Runtime } from '../../../../engine/runtime/port.ts';

/** A port with uTP on it. */
export interface UtpHost {
  readonly endpoint: UtpEndpoint;
  readonly port: UdpPort;
  readonly local: Endpoint;
  close(): void;
}

/** Binds a port of `runtime` and speaks uTP there. */
export async function openUtp(
  runtime: Runtime,
  at: Endpoint,
  options: Partial<UtpOptions> = {},
): Promise<UtpHost> {
  const port = new UdpPort(runtime);
  const { clock, random } = runtime;
  const endpoint = new UtpEndpoint(options, { clock, random, port });
  port.onUtp = (bytes, from) => endpoint.onDatagram(bytes, from);
  const local = await port.bind(at);
  return {
    endpoint,
    port,
    local,
    close() {
      endpoint.close();
      port.close();
    },
  };
}

/**
 * A network whose plain streams go over uTP: `host` is opened for what is dialled, and each listener gets a port of
 * its own.
 */
export function utpNetwork(
  runtime: Runtime,
  host: UtpHost,
  hosts: UtpHost[],
  options: Partial<UtpOptions> = {},
): Network {
  hosts.push(host);
  return {
    ...runtime.network,
    connect: (to, handler, how) => host.endpoint.connect(to, handler, how),
    async listen(at, accept) {
      const own = await openUtp(runtime, at, options);
      hosts.push(own);
      own.endpoint.listen(accept);
      return {
        local: own.local,
        async close() {
          own.endpoint.listen(undefined);
          if (own.endpoint.connectionCount === 0) own.close();
        },
      };
    },
  };
}
