// Aim: one UDP port serves DHT and uTP: each datagram goes to the one it is for, and none is lost before or after binding.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { UdpPort } from '../../engine/node/udp-port.ts';
import { createRealRuntime } from '../../engine/runtime/real/runtime.ts';
import { SimWorld } from '../../engine/runtime/sim/world.ts';

const test = suite('the UDP port of a shard');

test('a bencoded dictionary goes to the DHT, all else to uTP, and both send from the one port', async () => {
  const world = new SimWorld({ seed: 1 });
  const a = world.host({ address: '10.0.0.1' }).runtime.network;
  const b = world.host({ address: '10.0.0.2' }).runtime.network;
  const port = new UdpPort({ network: a });
  const heard: string[] = [];
  port.dht.set('10.0.0.1', (bytes, from) => heard.push(`dht ${bytes[0]} ${from.port}`));
  port.onUtp = (bytes, from) => heard.push(`utp ${bytes[0]} ${from.port}`);
  port.send(Uint8Array.of(1), { host: '10.0.0.2', port: 7 }); // nowhere to send from yet
  assert.is(port.local.port, 0);
  const local = await port.bind({ host: '10.0.0.1', port: 6881 });
  assert.is((await port.bind({ host: '10.0.0.1', port: 1 })).port, local.port, 'it is bound once');
  const back: number[] = [];
  const other = await b.bindDatagram({ host: '10.0.0.2', port: 7 }, (_bytes, from) => back.push(from.port));
  for (const first of [0x64, 0x41, 0x21, 0x00])
    other.send(Uint8Array.of(first), { host: '10.0.0.1', port: 6881 });
  other.send(new Uint8Array(0), { host: '10.0.0.1', port: 6881 });
  port.send(Uint8Array.of(2), { host: '10.0.0.2', port: 7 });
  await world.run({ forMs: 100 });
  assert.equal(heard, ['dht 100 7', 'utp 65 7', 'utp 33 7', 'utp 0 7', 'utp undefined 7']);
  assert.equal(back, [6881]);
  port.close();
  port.send(Uint8Array.of(3), { host: '10.0.0.2', port: 7 });
  other.send(Uint8Array.of(0x64), { host: '10.0.0.1', port: 6881 });
  await world.run({ forMs: 100 });
  assert.is(heard.length, 5);
  assert.is(back.length, 1);
});

test('a port that is taken can be asked for again elsewhere', async () => {
  const { network } = new SimWorld({ seed: 2 }).host({ address: '10.0.0.1' }).runtime;
  await network.bindDatagram({ host: '10.0.0.1', port: 6881 }, () => {});
  const port = new UdpPort({ network });
  let code = '';
  await port.bind({ host: '10.0.0.1', port: 6881 }).catch((error: { code: string }) => (code = error.code));
  assert.is(code, 'ADDRESS_IN_USE');
  assert.is((await port.bind({ host: '10.0.0.1', port: 6882 })).port, 6882);
});

test('on all addresses it speaks IPv6 and IPv4, each by a socket of its own', async () => {
  const { network } = createRealRuntime();
  const port = new UdpPort({ network });
  const heard: string[] = [];
  port.onUtp = (_bytes, from) => heard.push(from.host);
  const local = await port.bind({ host: '::', port: 0 });
  assert.ok(port.isBoundTo({ host: '0.0.0.0', port: local.port }));
  for (const host of ['127.0.0.1', '::1']) {
    const echo = await network.bindDatagram({ host, port: 0 }, (bytes, from) => echo.send(bytes, from));
    port.send(new Uint8Array(5), echo.local);
    for (let i = 0; i < 400 && !heard.includes(host); i++) await new Promise((done) => setTimeout(done, 5));
    echo.close();
  }
  assert.equal(heard, ['127.0.0.1', '::1']);
  port.close();
});

test.run();
