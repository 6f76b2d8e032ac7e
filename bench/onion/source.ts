/**
 * What the exits connect to, a process of its own: whoever sends `N` and a line feed gets N bytes of the pattern. Says
 * its port when it listens.
 */
import { createServer, type Socket } from 'node:net';
import { patternAt } from './pattern.ts';

const CHUNK_BYTES = 1 << 18;
const REQUEST_CHARACTERS_MAX = 16;

const server = createServer({ noDelay: true }, (socket) => {
  let request = '';
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    request += chunk.toString('latin1');
    if (request.length > REQUEST_CHARACTERS_MAX) socket.destroy();
    if (!request.includes('\n')) return;
    socket.removeAllListeners('data');
    socket.resume();
    send(socket, Number(request));
  });
});

function send(socket: Socket, byteLength: number): void {
  let at = 0;
  const more = (): void => {
    while (at < byteLength) {
      const piece = patternAt(at, Math.min(CHUNK_BYTES, byteLength - at));
      at += piece.length;
      if (!socket.write(piece) && at < byteLength) {
        socket.once('drain', more);
        return;
      }
    }
  };
  more();
}

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address !== null && typeof address === 'object') process.stdout.write(`port ${address.port}\n`);
});
// Whoever started it has gone when this ends.
process.stdin.resume().on('end', () => process.exit(0));
