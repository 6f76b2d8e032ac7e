import { createServer, Socket } from 'node:net';
import { until } from '../support/daemon.ts';

/** A port that nobody listens on, for a program that has to be told one. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** Waits until someone accepts connections on 127.0.0.1:port. */
export async function listening(port: number, timeoutMs: number): Promise<void> {
  await until(`a listener on port ${port}`, () => accepts(port), { timeoutMs });
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = new Socket();
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(1000, () => end(false));
    socket.on('error', () => end(false));
    socket.connect(port, '127.0.0.1', () => end(true));
  });
}
