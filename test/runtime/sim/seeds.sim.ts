/** Aim: one seed, one history, byte for byte; other seeds, other histories; and nobody's luck depends on others. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SimRandom } from '../../../engine/runtime/sim/chance.ts';
import { SimWorld } from '../../../engine/runtime/sim/world.ts';
import { dialFrom, listenAll } from '../support/sink.ts';

const test = suite('seeds');

/** Hosts that gossip over everything a runtime offers, each by its own chance. */
async function history(seed: number, strangers = 0): Promise<{ lines: readonly string[]; hash: string }> {
  const world = new SimWorld({ seed, recordTrace: true });
  const access = { jitterMs: 5, lossRate: 0.01 };
  const hosts = Array.from({ length: 8 }, (_, i) => world.host({ address: `10.0.0.${i + 1}`, access }));
  for (const host of hosts) {
    await listenAll(host);
    const { clock, random, files, network } = host.runtime;
    const socket = await network.bindDatagram({ host: '0.0.0.0', port: 9 }, () => {});
    const live = async (): Promise<void> => {
      for (let round = 0; round < 30; round++) {
        const friend = hosts[random.below(hosts.length)]!;
        if (friend !== host) dialFrom(host, friend).stream!.write(random.bytes(random.below(50_000)));
        socket.send(random.bytes(20), { host: friend.address, port: 9 });
        await files.writeFile('/state', random.bytes(random.below(9000)));
        await new Promise<void>((resolve) => clock.setTimer(random.below(200), resolve));
      }
    };
    void live();
  }
  for (let i = 0; i < strangers; i++) {
    const stranger = world.host({ address: `10.1.0.${i}` });
    stranger.runtime.random.below(10);
    await listenAll(stranger);
  }
  await world.run({ untilMs: 2000 });
  world.partition(hosts.slice(0, 4), hosts.slice(4));
  await world.run({ untilMs: 4000 });
  hosts[3]!.crash();
  await world.run({ untilMs: 20_000 });
  return { lines: world.trace.lines, hash: world.trace.hash };
}

test('the same seed gives the same trace, byte for byte', async () => {
  const first = await history(42);
  const second = await history(42);
  assert.ok(first.lines.length > 1000, `${first.lines.length} events`);
  assert.is(first.lines.join('\n'), second.lines.join('\n'));
  assert.is(first.hash, second.hash);
});

test('other seeds give other traces', async () => {
  const hashes = new Set<string>();
  for (let seed = 0; seed < 10; seed++) hashes.add((await history(seed)).hash);
  assert.is(hashes.size, 10);
});

test('bystanders change nothing for the others', async () => {
  assert.is((await history(42, 3)).hash, (await history(42)).hash);
});

test('the hash sees every event, also when no lines are kept', () => {
  const hashOf = (record: boolean, second: number): string => {
    const { trace } = new SimWorld({ seed: 1, recordTrace: record });
    trace.event(1, 2, 'data', 3, 4);
    trace.event(second, 2, 'data', 3, 4);
    return trace.hash;
  };
  assert.is(hashOf(true, 5), hashOf(false, 5));
  assert.is.not(hashOf(false, 5), hashOf(false, 5.000001));
});

test('seeds and labels make independent sequences; large seeds count too', () => {
  const first = (seed: number, label: string): string =>
    Buffer.from(new SimRandom(seed, label).bytes(16)).toString('hex');
  const seen = new Set<string>();
  for (const seed of [0, 1, 2, 2 ** 32, 2 ** 32 + 1, 2 ** 53 - 1]) {
    for (const label of ['', 'a', 'b', 'network 10.0.0.1', 'disk 10.0.0.1']) seen.add(first(seed, label));
  }
  assert.is(seen.size, 30);
  assert.is(first(7, 'x'), first(7, 'x'));
});

test.run();
