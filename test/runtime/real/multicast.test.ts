// Aim: in both worlds a message to a multicast group reaches all who have joined it, the sender included, and nobody
// who has left.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { DatagramSocket, Network } from '../../../engine/runtime/port.ts';
import { createRealRuntime } from '../../../engine/runtime/real/runtime.ts';
import { SimWorld } from '../../../engine/runtime/sim/world.ts';

const test = suite('multicast');
const GROUP = { host: '239.192.152.143', port: 46_771 };

async function exchange(
  networks: readonly [Network, Network],
  settle: (forMs: number) => Promise<unknown>,
): Promise<void> {
  const heard: string[] = [];
  const sockets: DatagramSocket[] = [];
  for (const [index, network] of networks.entries()) {
    const joining = network.joinMulticast!(GROUP, '127.0.0.1', (bytes) => heard.push(`${index}:${bytes[0]}`));
    void joining.then((socket) => sockets.push(socket));
    await settle(50);
  }
  const [first, second] = sockets;
  first!.send(Uint8Array.of(7), GROUP);
  await settle(200);
  assert.equal(heard.sort(), ['0:7', '1:7']);
  second!.close();
  second!.close();
  first!.send(Uint8Array.of(8), GROUP);
  await settle(200);
  assert.equal(heard.sort(), ['0:7', '0:8', '1:7']);
  first!.close();
}

test('in the real world', async () => {
  const { network } = createRealRuntime();
  await exchange([network, network], (forMs) => new Promise((resolve) => setTimeout(resolve, forMs)));
});

test('in the simulated world', async () => {
  const world = new SimWorld({ seed: 1 });
  const hosts = ['10.0.0.1', '10.0.0.2'].map((address) => world.host({ address }).runtime.network);
  await exchange([hosts[0]!, hosts[1]!], (forMs) => world.run({ forMs }));
});

test.run();
