// Aim: a peer is reached by whichever transport comes about: the first in order with a head start, the others when it
// fails or hangs; the owner sees one stream.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DialRace } from '../../../engine/bittorrent/transport/dial-race.ts';
import type { Transport } from '../../../engine/bittorrent/transport/transport.ts';
import type { ByteStream } from '../../../engine/runtime/port.ts';
import { SimWorld } from '../../../engine/runtime/sim/world.ts';
import { Recorder } from '../../runtime/conformance/recorder.ts';
import { openUtp } from '../utp/support/utp-network.ts';

const test = suite('racing transports');
const PORT = 6881;
const HOST = '10.0.0.2';

interface Scene {
  readonly world: SimWorld;
  readonly owner: Recorder;
  readonly tried: string[];
  readonly accepted: Recorder[];
  dial(names: readonly string[], host?: string): DialRace;
}

async function scene(listening: readonly string[]): Promise<Scene> {
  const world = new SimWorld({ seed: 3 });
  const [left, right] = [world.host({ address: '10.0.0.1' }).runtime, world.host({ address: HOST }).runtime];
  const accepted: Recorder[] = [];
  const accept = (stream: ByteStream): Recorder => {
    const recorder = new Recorder();
    recorder.stream = stream;
    accepted.push(recorder);
    return recorder;
  };
  const at = { host: HOST, port: PORT };
  if (listening.includes('tcp')) await right.network.listen(at, accept);
  if (listening.includes('utp')) (await openUtp(right, at)).endpoint.listen(accept);
  const utp = await openUtp(left, { host: '10.0.0.1', port: PORT });
  const tried: string[] = [];
  const transport = (name: string): Transport => ({
    name: name as 'tcp',
    connect(to, handler, how) {
      tried.push(`${name} ${Math.round(world.nowMs)}`);
      return name === 'tcp' ? left.network.connect(to, handler, how) : utp.endpoint.connect(to, handler, how);
    },
    listen: () => Promise.reject(new Error('not here')),
  });
  const owner = new Recorder();
  return {
    world,
    owner,
    tried,
    accepted,
    dial(names, host = HOST) {
      const how = { timeoutMs: 5000, headStartMs: 1500 };
      const modules = { transports: names.map(transport), clock: left.clock };
      const race = new DialRace({ host, port: PORT }, owner, how, modules);
      owner.stream = race;
      return race;
    },
  };
}

test('the first in order is tried alone while it has its head start', async () => {
  for (const names of [
    ['tcp', 'utp'],
    ['utp', 'tcp'],
  ]) {
    const { world, owner, tried, accepted, dial } = await scene(['tcp', 'utp']);
    dial(names);
    owner.write(new Uint8Array(3000));
    await world.run({ forMs: 3000 });
    assert.equal(tried, [`${names[0]} 0`]);
    assert.equal([accepted.length, accepted[0]!.byteLength], [1, 3000], 'with what was written early');
    assert.equal(owner.stream!.remote, { host: HOST, port: PORT });
    owner.stream!.destroy();
    await world.run({ forMs: 1000 });
    assert.is(owner.end!.kind, 'closed');
    assert.equal(owner.faults, []);
  }
});

test('when it is refused the next one is tried at once', async () => {
  const { world, owner, tried, accepted, dial } = await scene(['utp']);
  dial(['tcp', 'utp']);
  await world.run({ forMs: 1000 });
  assert.equal(tried, ['tcp 0', 'utp 40']);
  assert.ok(owner.opened);
  accepted[0]!.write(new Uint8Array(500));
  await world.run({ forMs: 200 });
  assert.is(owner.byteLength, 500);
});

test('when it hangs the next one is tried beside it, and the slower one is dropped', async () => {
  const { world, owner, tried, accepted, dial } = await scene(['tcp']);
  dial(['utp', 'tcp']);
  await world.run({ forMs: 8000 });
  assert.equal(tried, ['utp 0', 'tcp 1500']);
  assert.ok(owner.opened);
  assert.is(accepted.length, 1);
  assert.is(owner.end, undefined);
});

test('when all fail the owner hears it once, with its writes answered', async () => {
  const { world, owner, dial } = await scene([]);
  dial(['utp', 'tcp']);
  owner.write(new Uint8Array(10));
  await world.run({ forMs: 10_000 });
  assert.equal(owner.events, ['failed', 'close']);
  assert.is(owner.stream!.queuedBytes, 0);
});

test('a race can be given up, paused and ended before it is decided', async () => {
  const one = await scene([]);
  one.dial(['utp', 'tcp'], '10.9.9.9').destroy();
  await one.world.run({ forMs: 100 });
  assert.equal(one.owner.end, { kind: 'closed', code: '' });
  const two = await scene(['tcp', 'utp']);
  const race = two.dial(['tcp', 'utp']);
  race.pause();
  two.owner.write(new Uint8Array(10));
  race.end();
  await two.world.run({ forMs: 500 });
  assert.is(two.accepted[0]!.byteLength, 10);
  assert.is(two.accepted[0]!.end!.kind, 'ended');
  assert.is(two.owner.end!.kind, 'closed');
  race.write(new Uint8Array(1));
  await two.world.run({ forMs: 100 });
});

test.run();
