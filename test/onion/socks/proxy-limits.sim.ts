/**
 * Aim: what programs can make a proxy hold is bounded: connections, time and bytes of a handshake. And a whole run of
 * random programs, networks and accidents ends with every byte where it belongs and nothing left behind.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CONNECT_BYTES_MAX } from '../../../engine/onion/socks/http-connect.ts';
import type { Program } from './support/program.ts';
import { ProxyWorld } from './support/proxy-world.ts';

const limits = suite('limits of a proxy');

limits('connections', async () => {
  const on = new ProxyWorld({ connectionsMax: 3 });
  await on.listen('socks5', 9050);
  const inside = [await on.connected(), await on.asking(), await on.program()];
  const outside = await on.program();
  await on.settle();
  assert.ok(outside.end !== undefined, 'the fourth is turned away');
  assert.is(on.proxy.stats.turnedAway, 1);
  assert.ok(inside.every(({ end }) => end === undefined));
  inside[2]?.stream?.destroy();
  await on.settle();
  assert.is((await on.connected()).end, undefined, 'there is room again');
});

limits('the time of a handshake', async () => {
  const on = new ProxyWorld({ handshakeTimeoutMs: 5000 });
  await on.listen('socks5', 9050);
  const slow = await on.program();
  slow.send(5, 1);
  const asked = await on.asking();
  await on.settle(6000);
  assert.ok(slow.end !== undefined);
  assert.is(asked.end, undefined, 'who has asked may wait');
  assert.is(on.proxy.stats.tooSlow, 1);
  assert.is(on.proxy.connectionCount, 1);
});

limits('the bytes of a handshake', async () => {
  const on = new ProxyWorld();
  await on.listen('http-connect', 8118);
  const program = await on.program(8118);
  program.send('CONNECT a:1 HTTP/1.1\r\n', `X: ${'y'.repeat(2 * CONNECT_BYTES_MAX)}`);
  await on.settle();
  assert.match(Buffer.from(program.take()).toString(), /^HTTP\/1\.1 431 /);
  assert.ok(program.end !== undefined);
  assert.is(on.proxy.stats.faults.get('too-long'), 1);
  await on.settle(10_000);
  assert.is(on.proxy.connectionCount, 0);
});

limits('closing ends everybody', async () => {
  const on = new ProxyWorld();
  await on.listen('socks5', 9050);
  const programs = [await on.connected(), await on.asking(), await on.program()];
  await on.wait(on.proxy.close());
  await on.settle();
  assert.ok(programs.every(({ end }) => end !== undefined));
  assert.is(on.proxy.connectionCount, 0);
  assert.ok((await on.program()).end !== undefined, 'nobody listens');
});

limits(
  'random programs on a random network: complete and in order, or cut short, and nothing left',
  async () => {
    for (let seed = 1; seed <= 12; seed++) {
      try {
        await randomRun(seed);
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
    }
  },
);

interface Pair {
  readonly program: Program;
  readonly stream: ProxyWorld['client']['last'];
  uploaded: number;
  delivered: number;
  isCut: boolean;
}

async function randomRun(seed: number): Promise<void> {
  const on = new ProxyWorld({ uploadQueueBytes: 40_000, lingerMs: 3000 }, seed);
  const random = on.world.host({ address: '10.0.0.2' }).runtime.random;
  await on.listen('socks5', 9050);
  const pairs: Pair[] = [];
  for (let count = 0; count < 6; count++) {
    const program = await on.connected();
    pairs.push({ program, stream: on.client.last, uploaded: 0, delivered: 0, isCut: false });
  }
  for (let turn = 0; turn < 120; turn++) {
    const pair = pairs[random.below(pairs.length)]!;
    act(pair, random.below(24), 1 + random.below(20_000));
    await on.settle(random.below(30));
  }
  for (const { program, stream } of pairs) {
    program.stream?.resume();
    stream.drain();
  }
  await on.settle(4000);
  for (const { stream } of pairs) stream.drain();
  for (const { program, stream, uploaded, delivered, isCut } of pairs) {
    const exact = isCut ? 'at most' : 'exactly';
    assert.ok(
      isCut ? stream.sent.length <= uploaded : stream.sent.length === uploaded,
      `${exact} what was sent`,
    );
    assert.ok(isCut ? program.received.length <= delivered : program.received.length === delivered, exact);
    assert.ok(
      stream.sent.every((byte, at) => byte === (at & 255)),
      'in order',
    );
    assert.ok(
      program.received.every((byte, at) => byte === (at & 255)),
      'in order',
    );
  }
  await on.wait(on.proxy.close());
  await on.settle(10_000);
  assert.is(on.proxy.connectionCount, 0);
  on.slab.assertAllReturned();
}

function act(pair: Pair, what: number, length: number): void {
  const { program, stream } = pair;
  const counted = (from: number): Uint8Array => Uint8Array.from({ length }, (_, at) => (from + at) & 255);
  const isOpen = stream.state === 'open' && program.end === undefined && !pair.isCut;
  if (what < 8 && isOpen) {
    program.stream?.write(counted(pair.uploaded));
    pair.uploaded += length;
  } else if (what < 14 && isOpen) {
    stream.deliver(counted(pair.delivered));
    pair.delivered += length;
  } else if (what < 18) {
    stream.drain(length);
  } else if (what === 18) {
    program.stream?.pause();
  } else if (what < 22) {
    program.stream?.resume();
  } else if (isOpen) {
    pair.isCut = true;
    if (what === 22) program.stream?.destroy();
    else stream.gone('connectionReset');
  }
}

limits.run();
