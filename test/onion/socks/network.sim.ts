/**
 * Aim: the whole way, from a program by SOCKS5 or HTTP CONNECT over the real client and relays of this very code to a
 * server, on a virtual clock: downloads whole, slow programs waited for, look-ups, credentials on circuits of their own,
 * a circuit that breaks ends the connection, and all memory comes back.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { OnionProxy } from '../../../engine/onion/socks/onion-proxy.ts';
import { PROXY_DEFAULTS } from '../../../engine/onion/socks/proxy-types.ts';
import { type ClientKit, type ClientRoom, clientKit, clientRoom } from '../client/support/client-kit.ts';
import { content, ORIGIN, type SimNetwork, simNetwork } from '../client/support/sim-network.ts';
import { Program } from './support/program.ts';
import { bytesOf, socksRequest } from './support/talk.ts';

const whole = suite('a proxy in a simulated network');
const HOST = '9.9.1.1';

interface Proxied extends ClientKit {
  readonly network: SimNetwork;
  readonly proxy: OnionProxy;
  readonly room: ClientRoom;
  program(port: number): Program;
  stop(): Promise<void>;
}

async function start(): Promise<Proxied> {
  const network = await simNetwork({ relays: 6, exits: 3 });
  const { runtime } = network.world.host({
    address: HOST,
    access: { latencyMs: 10, jitterMs: 0, lossRate: 0 },
  });
  const room = clientRoom({ slotCount: 500, circuits: 48, aheadCells: 1 });
  const kit = clientKit({ authorities: network.authorities }, { runtime, room });
  const { client } = kit;
  const proxy = new OnionProxy(PROXY_DEFAULTS, { runtime, client, slab: room.slab });
  await network.wait('listens', proxy.listen('socks5', { host: '127.0.0.1', port: 9050 }));
  await network.wait('listens', proxy.listen('http-connect', { host: '127.0.0.1', port: 8118 }));
  await network.wait('started', client.start());
  return {
    ...kit,
    ...{ network, proxy, room },
    program(port) {
      const program = new Program();
      program.stream = runtime.network.connect({ host: '127.0.0.1', port }, program, { timeoutMs: 5000 });
      return program;
    },
    async stop() {
      await network.wait('closed', proxy.close());
      await network.wait('stopped', client.stop());
      await network.world.run({ forMs: 10_000 });
      assert.is(proxy.connectionCount, 0);
      room.close();
      await network.stop();
    },
  };
}

/** Asks for `byteLength` bytes of the origin, all in one breath. */
function ask(on: Proxied, byteLength: number, user?: string, host = 'origin.test'): Program {
  const program = on.program(9050);
  const login = user === undefined ? [5, 1, 0] : [5, 1, 2, 1, user.length, user, 0];
  program.send(...login, ...socksRequest(host, ORIGIN.port), `GET /bytes/${byteLength} HTTP/1.0\r\n\r\n`);
  return program;
}

/** The body, behind the answers of the proxy and the head. */
function bodyOf(program: Program): Buffer {
  const all = Buffer.from(program.received);
  return all.subarray(all.indexOf('\r\n\r\n', 0, 'latin1') + 4);
}

whole('a program may ask before the network is known, and gets everything', async () => {
  const on = await start();
  const program = ask(on, 700_000);
  await on.network.until('the answer', () => program.end !== undefined);
  assert.equal(Uint8Array.from(program.received.slice(0, 12)), bytesOf([5, 0, 5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
  assert.ok(bodyOf(program).equals(content(700_000)));
  assert.is(program.end?.kind, 'ended');
  await on.stop();
});

whole('a program that reads nothing for a minute loses nothing, and holds up nobody', async () => {
  const on = await start();
  const slow = ask(on, 4_000_000);
  await on.network.until('it has begun', () => slow.received.length > 12);
  slow.stream?.pause();
  await on.network.world.run({ forMs: 60_000 });
  const waiting = on.proxy.stats.downloadedBytes;
  assert.ok(waiting < 3_000_000, `${waiting} bytes came although nobody took them`);
  const other = ask(on, 300_000);
  await on.network.until('the other', () => other.end !== undefined);
  assert.ok(bodyOf(other).equals(content(300_000)));
  slow.stream?.resume();
  await on.network.until('the rest', () => slow.end !== undefined);
  assert.ok(bodyOf(slow).equals(content(4_000_000)));
  await on.stop();
});

whole('credentials have circuits of their own; HTTP CONNECT has as well', async () => {
  const on = await start();
  const programs = [ask(on, 50_000, 'a'), ask(on, 50_000, 'b'), ask(on, 50_000, 'a')];
  const tunnel = on.program(8118);
  tunnel.send(`CONNECT origin.test:80 HTTP/1.1\r\n\r\nGET /bytes/50000 HTTP/1.0\r\n\r\n`);
  await on.network.until('all', () => [...programs, tunnel].every(({ end }) => end !== undefined));
  for (const program of programs) assert.ok(bodyOf(program).equals(content(50_000)));
  const head = Buffer.from(tunnel.received).toString('latin1');
  assert.match(head, /^HTTP\/1\.1 200 /);
  assert.ok(head.endsWith(Buffer.from(content(50_000)).toString('latin1')));
  const dirty = on.client.circuits.filter(({ isDirty, purpose }) => isDirty && purpose === 'exit');
  assert.is(dirty.length, 3);
  await on.stop();
});

whole('look-ups, and a name that nobody knows', async () => {
  const on = await start();
  const answerTo = async (...request: (number | string)[]): Promise<Uint8Array> => {
    const program = on.program(9050);
    program.send(5, 1, 0, ...request);
    await on.network.until('an answer', () => program.end !== undefined, 200_000);
    return program.take().subarray(2);
  };
  const address = ORIGIN.host.split('.').map(Number);
  assert.equal(await answerTo(5, 0xf0, 0, 3, 5, 'a.com', 0, 0), bytesOf([5, 0, 0, 1, ...address, 0, 0]));
  assert.equal(
    await answerTo(5, 0xf1, 0, 1, ...address, 0, 0),
    bytesOf([5, 0, 0, 3, 11, 'origin.test', 0, 0]),
  );
  assert.is((await answerTo(5, 0xf0, 0, 3, 11, 'nobody.test', 0, 0))[1], 4);
  assert.is((await answerTo(...socksRequest('hidden.onion', 80)))[1], 4);
  await on.stop();
});

whole('a circuit that breaks in the middle ends the connection; the next one works', async () => {
  const on = await start();
  const program = ask(on, 2_500_000);
  await on.network.until('it has begun', () => program.received.length > 100_000);
  const broken = on.client.circuits.find(({ streamCount }) => streamCount > 0);
  on.network.world.reset(on.network.find(broken?.hops[1]?.fingerprint).host);
  await on.network.until('the end', () => program.end !== undefined);
  const body = bodyOf(program);
  assert.ok(body.length < 2_500_000, 'cut short');
  assert.ok(body.equals(content(2_500_000).subarray(0, body.length)), 'and right as far as it goes');
  const next = ask(on, 100_000);
  await on.network.until('the next', () => next.end !== undefined, 120_000);
  assert.ok(bodyOf(next).equals(content(100_000)));
  await on.stop();
});

whole.run();
