// Aim: a shard reached by TCP and uTP on one port number; the DHT finds its part of the UDP port where it asks for one.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createTransports } from '../../engine/node/transports.ts';
import { SimWorld } from '../../engine/runtime/sim/world.ts';
import { Recorder } from '../runtime/conformance/recorder.ts';

const test = suite('transports of a shard');
const AT = { host: '10.0.0.1', port: 6881 };

test('both transports listen on one number, and the DHT shares the UDP port', async () => {
  const world = new SimWorld({ seed: 1 });
  const runtime = world.host({ address: '10.0.0.1' }).runtime;
  const other = world.host({ address: '10.0.0.2' }).runtime;
  const ours = createTransports({ names: ['tcp', 'utp', 'tcp'] }, { runtime });
  assert.equal(
    ours.list.map(({ name }) => name),
    ['tcp', 'utp'],
  );
  const accepted: string[] = [];
  for (const transport of ours.list) {
    const listener = await transport.listen(AT, () => {
      accepted.push(transport.name);
      return new Recorder();
    });
    assert.equal(listener.local, AT);
  }
  const heard: number[] = [];
  const dht = await ours.network.bindDatagram(AT, (bytes) => heard.push(bytes[0]!));
  const theirs = createTransports({ names: ['utp', 'tcp'] }, { runtime: other });
  for (const transport of theirs.list)
    await transport.listen({ host: '10.0.0.2', port: 6881 }, () => undefined);
  for (const transport of theirs.list) {
    const owner = new Recorder();
    owner.stream = transport.connect(AT, owner, { timeoutMs: 3000 });
    await world.run({ forMs: 500 });
    assert.ok(owner.opened, transport.name);
  }
  assert.equal(accepted, ['utp', 'tcp']);
  theirs.udp.send(Uint8Array.from(Buffer.from('d1:y1:qe')), AT);
  await world.run({ forMs: 100 });
  assert.equal(heard, [0x64]);
  dht.send(Uint8Array.of(0x64), { host: '10.0.0.2', port: 6881 });
  dht.close();
  ours.close();
  theirs.close();
});

test('a UDP port that is taken leaves TCP alone in it, unless uTP is all there is', async () => {
  const world = new SimWorld({ seed: 2 });
  const { runtime } = world.host({ address: '10.0.0.1' });
  await runtime.network.bindDatagram(AT, () => {});
  const both = createTransports({ names: ['tcp', 'utp'] }, { runtime });
  for (const transport of both.list) await transport.listen(AT, () => undefined);
  assert.not([0, AT.port].includes(both.udp.local.port), 'uTP can still call');
  const alone = createTransports({ names: ['utp'] }, { runtime });
  let code = '';
  await alone.list[0]!.listen(AT, () => undefined).catch((error: { code: string }) => (code = error.code));
  assert.is(code, 'ADDRESS_IN_USE');
});

test('without a port uTP reaches nobody, and says so', async () => {
  const world = new SimWorld({ seed: 3 });
  const { runtime } = world.host({ address: '10.0.0.1' });
  const [utp] = createTransports({ names: ['utp'] }, { runtime }).list;
  const owner = new Recorder();
  owner.stream = utp!.connect({ host: '10.0.0.2', port: 1 }, owner, { timeoutMs: 1000 });
  await world.run({ forMs: 100 });
  assert.equal(owner.end, { kind: 'failed', code: 'ENETDOWN' });
});

test.run();
