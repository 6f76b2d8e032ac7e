/**
 * Aim: what a run is measured with tells the truth: a transfer counts only when every byte came and was right, and a
 * circuit of C tor is timed from the asking to its event, in whatever order tor answers.
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { patternAt } from '../../../bench/onion/pattern.ts';
import { takeBytes } from '../../../bench/onion/sink.ts';
import { TorBuilder } from '../../../bench/onion/tor-control.ts';
import { Daemon } from '../../../bench/support/daemon.ts';

const streams = suite('streams of the onion benchmark');
const LATE_MS = 5_000;
const SOURCE = fileURLToPath(new URL('../../../bench/onion/source.js', import.meta.url));

async function listen(at: string | number, handle: (socket: Socket) => void): Promise<Server> {
  const server = createServer(handle);
  if (typeof at === 'string') server.listen(at);
  else server.listen(at, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

async function dial(server: Server): Promise<Socket> {
  const address = server.address();
  const socket = typeof address === 'object' ? connect(address!.port, '127.0.0.1') : connect(address!);
  await once(socket, 'connect');
  return socket;
}

const failure = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'no failure',
    (error: Error) => error.message,
  );

streams('the source sends what the sink asks for, to many at once', async () => {
  const source = new Daemon(process.execPath, [SOURCE]);
  try {
    const said = await source.line((line) => line.startsWith('port '), LATE_MS);
    const port = Number(said.text.split(' ')[1]);
    const sizes = [1, 1000, 3_000_001, 2_000_000];
    const sockets = sizes.map(() => connect(port, '127.0.0.1'));
    await Promise.all(sockets.map((socket, index) => takeBytes(socket, sizes[index]!, LATE_MS)));
    for (const socket of sockets) socket.destroy();
  } finally {
    source.kill();
  }
});

streams('a transfer that ends early, brings other bytes or stalls has failed', async () => {
  const answers: Record<string, (socket: Socket) => void> = {
    '100\n': (socket) => socket.end(patternAt(0, 99)),
    '200\n': (socket) => socket.write(patternAt(1, 200)),
    '300\n': (socket) => socket.write(patternAt(0, 299)),
  };
  const server = await listen(0, (socket) => {
    socket.on('data', (request) => answers[request.toString()]?.(socket));
    socket.on('error', () => {});
  });
  try {
    assert.match(await failure(takeBytes(await dial(server), 100, LATE_MS)), /closed after 99 of 100/);
    assert.match(await failure(takeBytes(await dial(server), 200, LATE_MS)), /other bytes/);
    assert.match(await failure(takeBytes(await dial(server), 300, 100)), /not within 0\.1 s.* 299 of 300/);
  } finally {
    server.close();
  }
});

/** A control socket that says what `answer` gives for a command. */
async function withControl(
  answer: (command: string) => readonly string[],
  use: (path: string) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'allium-control-'));
  const path = join(folder, 'socket');
  const server = await listen(path, (socket) => {
    socket.on('error', () => {});
    createInterface({ input: socket }).on('line', (line) => {
      for (const reply of answer(line)) socket.write(`${reply}\r\n`);
    });
  });
  try {
    await use(path);
  } finally {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

streams('a circuit counts when its event comes before or after the answer that names it', async () => {
  const extend: Record<string, readonly string[]> = {
    'EXTENDCIRCUIT 0 $A,$B': ['250 EXTENDED 7', '650 CIRC 7 EXTENDED', '650 CIRC 7 BUILT $A,$B'],
    'EXTENDCIRCUIT 0 $C': ['650 CIRC 8 BUILT $C', '250 EXTENDED 8'],
    'EXTENDCIRCUIT 0 $D': ['250 EXTENDED 9', '650 CIRC 9 FAILED $D REASON=TIMEOUT'],
    'EXTENDCIRCUIT 0 $E': ['552 No such router "$E"'],
  };
  const commands: string[] = [];
  const answer = (command: string): readonly string[] => {
    commands.push(command);
    return extend[command] ?? ['250 OK'];
  };
  await withControl(answer, async (path) => {
    const tor = await TorBuilder.open(path, Buffer.from([0xab, 0xcd]));
    assert.is(commands[0], 'AUTHENTICATE abcd');
    const [one, two] = await Promise.all([tor.build(['A', 'B']), tor.build(['C'])]);
    assert.is(one.id, '7');
    assert.is(two.id, '8');
    for (const { beganMs, builtMs } of [one, two])
      assert.ok(builtMs >= beganMs && builtMs - beganMs < LATE_MS);
    assert.match(await failure(tor.build(['D'])), /no circuit: .*FAILED/);
    assert.match(await failure(tor.build(['E'])), /552/);
    await tor.close(one);
    assert.is(commands.at(-1), 'CLOSECIRCUIT 7');
    tor.end();
  });
});

streams.run();
