import type { Socket } from 'node:net';
import { isPattern } from './pattern.ts';

/**
 * Asks the source for `byteLength` bytes on a connected stream and takes them, every byte compared. Resolves when all
 * are there; rejects when the stream ends early, brings other bytes, or takes too long.
 */
export function takeBytes(socket: Socket, byteLength: number, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let got = 0;
    const fail = (why: string): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(new Error(`${why} after ${got} of ${byteLength} bytes`));
    };
    const timer = setTimeout(() => fail(`not within ${timeoutMs / 1000} s:`), timeoutMs);
    socket.on('error', (error) => fail(error.message));
    socket.on('close', () => fail('the stream was closed'));
    socket.on('data', (chunk: Buffer) => {
      if (!isPattern(chunk, got)) fail('other bytes came');
      got += chunk.length;
      if (got < byteLength) return;
      clearTimeout(timer);
      socket.removeAllListeners('close');
      resolve();
    });
    socket.write(`${byteLength}\n`);
  });
}
