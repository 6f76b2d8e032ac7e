import { connect, createServer } from 'node:net';

/** Below the range the kernel takes the ports of outgoing connections from: nobody grabs one before tor listens. */
const FIRST = 10_000;
const LAST = 31_999;

const taken = new Set<number>();

/** A TCP port of 127.0.0.1 where nobody listens, and that this process has not given away before. */
export async function takePort(): Promise<number> {
  for (let tries = 0; tries < 500; tries += 1) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST + 1));
    if (taken.has(port) || !(await isFree(port))) continue;
    taken.add(port);
    return port;
  }
  throw new Error('no free port');
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** Whether somebody accepts connections at this port of 127.0.0.1. */
export function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
