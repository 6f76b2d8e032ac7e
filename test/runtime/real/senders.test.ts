/**
 * Aim: a stream that has lent its sending half to another thread sends the same bytes in the same order as before,
 * answers every write once whatever ends it, never lets memory go that the other thread may still fill, and goes on by
 * itself where there is no thread.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ByteStream, FileHandle, FileSend, StreamHandler } from '../../../engine/runtime/port.ts';
import { createRealRuntime, type RealRuntime } from '../../../engine/runtime/real/runtime.ts';
import { pattern } from '../conformance/pair.ts';

const BLOCK = 16_384;
const HEAD = 13;
const FRAME = HEAD + BLOCK;

interface Scene {
  readonly runtime: RealRuntime;
  readonly memory: Uint8Array;
  readonly content: Uint8Array;
  readonly file: FileHandle;
  readonly stream: ByteStream;
  readonly closed: Promise<string>;
  readonly client: net.Socket;
  /** What the client has got so far. */
  readonly got: () => Buffer;
}

const senders = suite<{ folder: string; runtime: RealRuntime; closers: (() => unknown)[] }>('senders');

senders.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), 'allium-senders-'));
  context.runtime = createRealRuntime();
  context.closers = [];
});

senders.after.each(async ({ folder, runtime, closers }) => {
  for (const close of closers.splice(0).reverse()) await close();
  await runtime.senders.close();
  rmSync(folder, { recursive: true, force: true });
});

type Context = {
  readonly folder: string;
  readonly runtime: RealRuntime;
  readonly closers: (() => unknown)[];
};

/** One connection to this process, a file of 64 blocks and memory for as many frames. */
async function open(context: Context, threadCount = 2, companyMs = 0): Promise<Scene> {
  const { runtime, folder, closers } = context;
  const memory = new Uint8Array(new SharedArrayBuffer(64 * FRAME));
  if (threadCount > 0)
    await runtime.senders.start({
      ...{ threadCount, companyMs },
      memory: memory.buffer as SharedArrayBuffer,
    });
  const content = pattern(64 * BLOCK, 7);
  const path = join(folder, 'file');
  writeFileSync(path, content);
  const file = await runtime.files.open(path, 'read');
  closers.push(() => file.close());
  let end: (kind: string) => void = () => {};
  const closed = new Promise<string>((resolve) => {
    end = resolve;
  });
  let accepted: (stream: ByteStream) => void = () => {};
  const stream = new Promise<ByteStream>((resolve) => {
    accepted = resolve;
  });
  const scratch = new Uint8Array(1000);
  const listener = await runtime.network.listen({ host: '127.0.0.1', port: 0 }, (incoming): StreamHandler => {
    return {
      onOpen: () => setImmediate(() => accepted(incoming)),
      readTarget: () => scratch,
      onRead: () => {},
      onDrain: () => {},
      onClose: ({ kind }) => end(kind),
    };
  });
  closers.push(() => listener.close());
  const client = net.connect(listener.local.port, '127.0.0.1');
  client.on('error', () => {});
  closers.push(() => client.destroy());
  const chunks: Buffer[] = [];
  client.on('data', (chunk) => chunks.push(chunk));
  return {
    runtime,
    memory,
    content,
    file,
    stream: await stream,
    closed,
    client,
    got: () => Buffer.concat(chunks),
  };
}

/** Blocks `first` to `first` + `count` of the file as frames at the beginning of a part of the memory. */
function frames(scene: Scene, at: number, first: number, count: number, sent: FileSend['sent']): FileSend {
  const bytes = scene.memory.subarray(at * FRAME, (at + count) * FRAME);
  const targets = Array.from({ length: count }, (_, index) => {
    bytes.fill(first + index, index * FRAME, index * FRAME + HEAD);
    return bytes.subarray(index * FRAME + HEAD, (index + 1) * FRAME);
  });
  return { bytes, targets, file: scene.file, position: first * BLOCK, sent };
}

function wireOf(scene: Scene, first: number, count: number): Buffer {
  return Buffer.concat(
    Array.from({ length: count }, (_, index) => [
      Buffer.alloc(HEAD, first + index),
      scene.content.subarray((first + index) * BLOCK, (first + index + 1) * BLOCK),
    ]).flat(),
  );
}

async function until(what: () => boolean): Promise<void> {
  const endMs = performance.now() + 5000;
  while (!what() && performance.now() < endMs) await new Promise((resolve) => setTimeout(resolve, 2));
  assert.ok(what(), String(what));
}

senders(
  'what is read elsewhere and what is written here arrive in the order they were given',
  async (context) => {
    const scene = await open(context);
    const { stream, got } = scene;
    const expected: Buffer[] = [];
    const outcomes: unknown[] = [];
    stream.write(pattern(100, 1), (ok) => outcomes.push(ok));
    expected.push(Buffer.from(pattern(100, 1)));
    await until(() => stream.queuedBytes === 0);
    for (let round = 0; round < 12; round++) {
      // The memory of a frame is used again only after its answer.
      assert.ok(stream.sendFile!(frames(scene, 0, round, 8, (outcome) => outcomes.push(outcome))));
      expected.push(wireOf(scene, round, 8));
      const small = pattern(50 + round, round);
      stream.write(small, (ok) => outcomes.push(ok));
      expected.push(Buffer.from(small));
      if (round % 3 === 0) {
        scene.memory.set(pattern(200, 3), 20 * FRAME);
        stream.write(scene.memory.subarray(20 * FRAME, 20 * FRAME + 200), (ok) => outcomes.push(ok));
        expected.push(Buffer.from(pattern(200, 3)));
      }
      await until(() => stream.queuedBytes === 0);
    }
    const wire = Buffer.concat(expected);
    await until(() => got().length === wire.length);
    assert.is(Buffer.compare(got(), wire), 0);
    assert.ok(outcomes.every((outcome) => outcome === true || outcome === 'sent'));
    assert.is(outcomes.length, 1 + 12 + 12 + 4);
    assert.is(
      context.runtime.senders.loads.reduce((sum, load) => sum + load),
      1,
    );
  },
);

senders(
  'what the file does not have is not sent, is told in its turn, and the rest follows',
  async (context) => {
    const scene = await open(context);
    const { stream, got } = scene;
    const outcomes: string[] = [];
    assert.ok(stream.sendFile!(frames(scene, 0, 0, 4, (outcome) => outcomes.push(outcome))));
    assert.ok(stream.sendFile!(frames(scene, 8, 62, 4, (outcome) => outcomes.push(outcome))));
    assert.ok(stream.sendFile!(frames(scene, 16, 4, 4, (outcome) => outcomes.push(outcome))));
    await until(() => outcomes.length === 3);
    assert.equal(outcomes, ['sent', 'unread', 'sent']);
    await until(() => got().length === 8 * FRAME);
    assert.is(Buffer.compare(got(), wireOf(scene, 0, 8)), 0);
  },
);

senders('everything given before the end is sent before it', async (context) => {
  const scene = await open(context);
  const { stream, client, got } = scene;
  let ended = false;
  client.once('end', () => {
    ended = true;
  });
  assert.ok(stream.sendFile!(frames(scene, 0, 0, 64, () => {})));
  stream.write(pattern(10, 2));
  stream.end();
  await until(() => ended);
  const wire = Buffer.concat([wireOf(scene, 0, 64), pattern(10, 2)]);
  assert.is(Buffer.compare(got(), wire), 0);
  assert.is(await scene.closed, 'closed');
});

for (const [name, finish] of [
  ['this side closes', ({ stream }: Scene) => stream.destroy()],
  ['the other side resets the connection', ({ client }: Scene) => void client.resetAndDestroy()],
] as const) {
  senders(`${name} while much is waiting: every answer comes, once, and before the end`, async (context) => {
    const scene = await open(context);
    const { stream, client, memory } = scene;
    client.pause();
    const answers: unknown[] = [];
    // More than the buffers of the system hold.
    for (let index = 0; index < 40; index++) {
      assert.ok(stream.sendFile!(frames(scene, 0, 0, 64, (outcome) => answers.push(outcome))));
      stream.write(pattern(5, 5), (ok) => answers.push(ok));
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
    let atEnd = -1;
    void scene.closed.then(() => {
      atEnd = answers.length;
    });
    finish(scene);
    await scene.closed;
    await until(() => atEnd >= 0);
    assert.is(atEnd, 80);
    assert.ok(answers.includes('lost') && answers.includes(false));
    // Nothing is read into the memory any more.
    memory.fill(0xaa);
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.ok(memory.every((byte) => byte === 0xaa));
    assert.equal(
      context.runtime.senders.loads.filter((load) => load > 0),
      [],
    );
    assert.not.ok(stream.sendFile!(frames(scene, 0, 0, 1, () => {})));
  });
}

senders(
  'without threads, and over memory or in a shape that cannot be told, nothing happens',
  async (context) => {
    const none = await open(context, 0);
    assert.not.ok(none.stream.sendFile!(frames(none, 0, 0, 4, assert.unreachable)));
    const scene = await open(context);
    const send = frames(scene, 0, 0, 4, assert.unreachable);
    const copy = new Uint8Array(send.bytes);
    assert.not.ok(scene.stream.sendFile!({ ...send, bytes: copy }), 'other memory');
    const [a, b, c, d] = send.targets as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
    assert.not.ok(scene.stream.sendFile!({ ...send, targets: [a, c, b, d] }), 'not at equal distances');
    assert.not.ok(scene.stream.sendFile!({ ...send, targets: [a, b.subarray(1), c, d] }), 'not of one size');
    assert.not.ok(scene.stream.sendFile!({ ...send, file: {} as FileHandle }), 'no file of this machine');
    scene.stream.write(pattern(9, 9));
    await until(() => scene.got().length === 9);
  },
);

senders('a stream that alone has much to send is left alone, two are not', async (context) => {
  const first = await open(context, 1, 60_000);
  const second = await open(context, 0);
  const ask = (scene: Scene): boolean => {
    return scene.stream.sendFile!(frames(scene, 0, 0, 4, () => {}));
  };
  for (let times = 0; times < 3; times++) assert.not.ok(ask(first));
  // It has memory of its own, which the thread does not know, so it only lends.
  ask(second);
  assert.equal(context.runtime.senders.loads, [1]);
  // Not while the connection before is on its way.
  await until(() => ask(first));
  assert.equal(context.runtime.senders.loads, [2]);
});

senders('a thread that dies takes its connections along; others go on without it', async (context) => {
  const scene = await open(context, 1);
  assert.ok(scene.stream.sendFile!(frames(scene, 0, 0, 4, () => {})));
  await context.runtime.senders.kill();
  assert.is(await scene.closed, 'failed');
  assert.equal(context.runtime.senders.loads, []);
  const other = await open(context, 0);
  assert.not.ok(other.stream.sendFile!(frames(other, 0, 0, 4, assert.unreachable)));
  other.stream.write(pattern(9, 9));
  await until(() => other.got().length === 9);
});

senders.run();
