import type { TestWorld } from '../../../runtime/conformance/world.ts';
import { openUtp, type UtpHost, utpNetwork } from './utp-network.ts';

/** `world`, where plain streams go over uTP. */
export async function overUtp(world: TestWorld): Promise<TestWorld> {
  const hosts: UtpHost[] = [];
  const options = { closeTimeoutMs: world.closeTimeoutMs };
  const open = (right: boolean): Promise<UtpHost> => {
    // Where a host has one address only, all of its ports are at this one.
    const host = world.name === 'sim' && !right ? '10.0.0.1' : world.rightHost;
    return world.wait(openUtp(right ? world.right : world.left, { host, port: 0 }, options));
  };
  const [left, right, deaf] = [await open(false), await open(true), await open(true)];
  hosts.push(deaf);
  return {
    ...world,
    listenHost: world.rightHost,
    left: { ...world.left, network: utpNetwork(world.left, left, hosts, options) },
    right: { ...world.right, network: utpNetwork(world.right, right, hosts, options) },
    blackHole: async () => ({ host: world.rightHost, port: 9 }),
    // Nobody is told by a port that nobody has: there is one that speaks uTP and takes no calls.
    closedPort: async () => deaf.local.port,
    async close() {
      for (const host of hosts) host.close();
      await world.close();
    },
  };
}
