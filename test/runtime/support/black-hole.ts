import net from 'node:net';
import { Worker } from 'node:worker_threads';

/** A listener with room for one waiting connection, in a thread that sleeps for ever after. */
const SOURCE = `
const net = require('node:net');
const { parentPort } = require('node:worker_threads');
const server = net.createServer().listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => {
  parentPort.postMessage(server.address().port);
  setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0), 20);
});
`;

/** A port of this machine that answers nobody. */
export interface BlackHole {
  readonly port: number;
  close(): Promise<void>;
}

/** Fills the queue of a listener that never accepts; the kernel drops further attempts in silence. */
export async function makeBlackHole(): Promise<BlackHole> {
  const worker = new Worker(SOURCE, { eval: true });
  const port = await new Promise<number>((resolve) => worker.once('message', resolve));
  await new Promise((resolve) => setTimeout(resolve, 60));
  const fillers: net.Socket[] = [];
  for (let answered = true; answered; ) {
    const socket = net.connect({ host: '127.0.0.1', port });
    socket.on('error', () => {});
    fillers.push(socket);
    answered = await Promise.race([
      new Promise<boolean>((resolve) => socket.once('connect', () => resolve(true))),
      new Promise<boolean>((resolve) => setTimeout(resolve, 150, false)),
    ]);
  }
  return {
    port,
    async close() {
      for (const socket of fillers) socket.destroy();
      await worker.terminate();
    },
  };
}
