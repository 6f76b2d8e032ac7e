/**
 * Aim: a connection that one loop accepted is read and written by another that it was handed to, and no more wait for a
 * receiver that does not take them than are allowed.
 */
import net from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openHandOver, receiveHandOvers } from '../../../engine/runtime/real/hand-over.ts';

const handOver = suite('handing connections over');

async function acceptor(take: (socket: net.Socket) => void): Promise<{ port: number; close(): void }> {
  const server = net.createServer({ pauseOnConnect: true }, take);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as net.AddressInfo).port, close: () => void server.close() };
}

handOver('what comes in here is answered there', async () => {
  const place = await openHandOver();
  const inbox = receiveHandOvers(place.path, (socket) => {
    socket.on('data', (bytes) => socket.end(`${socket.remoteAddress} said ${bytes}`));
    socket.resume();
  });
  const sender = await place.ready;
  const door = await acceptor((socket) => assert.is(sender.send(socket), true));
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, i) => {
      return new Promise<string>((resolve, reject) => {
        const socket = net.connect(door.port, '127.0.0.1', () => socket.write(`hello ${i}`));
        let text = '';
        socket.on('data', (bytes) => {
          text += bytes;
        });
        socket.once('end', () => resolve(text));
        socket.once('error', reject);
      });
    }),
  );
  assert.equal(
    answers,
    answers.map((_, i) => `127.0.0.1 said hello ${i}`),
  );
  door.close();
  sender.close();
  inbox.close();
});

handOver('a receiver that takes nothing is given no more', async () => {
  const place = await openHandOver({ waitingMax: 4 });
  const silent = net.connect(place.path);
  silent.pause();
  const sender = await place.ready;
  let refused = 0;
  const callers: net.Socket[] = [];
  const door = await acceptor((socket) => {
    if (!sender.send(socket)) refused += 1;
  });
  // What the system holds by itself is a few hundred.
  for (let i = 0; i < 2000 && refused === 0; i += 1) {
    const caller = net.connect(door.port, '127.0.0.1');
    caller.on('error', () => {});
    callers.push(caller);
    await new Promise<void>((resolve) => caller.once('connect', resolve));
  }
  assert.ok(refused > 0, 'a bound was reached');
  for (const caller of callers) caller.destroy();
  silent.destroy();
  sender.close();
  door.close();
});

handOver.run();
