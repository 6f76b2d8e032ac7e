/** A network of nodes on loopback for others to know: players.ts COUNT. Prints their ports on one line when they know each other. */
import { DhtNode } from '../../engine/discovery/dht/dht-node.ts';
import { createRealRuntime } from '../../engine/runtime/real/runtime.ts';

const runtime = createRealRuntime();
const ports: number[] = [];
for (let i = 0; i < Number(process.argv[2]); i++) {
  let node: DhtNode | undefined;
  const socket = await runtime.network.bindDatagram({ host: '127.0.0.1', port: 0 }, (bytes, from) =>
    node?.onDatagram(bytes, from),
  );
  const bootstrap = ports.slice(-2).map((port) => ({ host: '127.0.0.1', port }));
  node = new DhtNode({ bootstrap }, { runtime, socket });
  await node.start();
  ports.push(socket.local.port);
}
process.stdout.write(`PORTS ${ports.join(' ')}\n`);
