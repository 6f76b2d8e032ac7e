/**
 * Aim: a chain of three relays in a simulated network carries circuits, streams, directory requests and lookups, with
 * either cipher and either flow control; what goes in at one end comes out at the other, and no memory stays out.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { END_REASON } from '../../../engine/onion/cell/reason.ts';
import { RELAY } from '../../../engine/onion/cell/relay-command.ts';
import { decodeResolved, encodeResolve } from '../../../engine/onion/cell/resolve-messages.ts';
import { decodeConnected, decodeEnd, encodeBegin } from '../../../engine/onion/cell/stream-messages.ts';
import type { HopWishes } from '../../../engine/onion/crypto/circuit-extensions.ts';
import { type Chain, echoServer, openChain, sourceServer } from './support/chain.ts';

const test = suite('a chain of relays');

const WISHES: readonly (readonly [string, HopWishes | undefined])[] = [
  ['ntor, fixed windows, tor1', undefined],
  ['ntor-v3, fixed windows, tor1', { congestionControl: false, cgo: false }],
  ['ntor-v3, congestion control, tor1', { congestionControl: true, cgo: false }],
  ['ntor-v3, congestion control, cgo', { congestionControl: true, cgo: true }],
];

function begin(host: string, port: number): Uint8Array {
  return encodeBegin({ host, port, ipv6Ok: false, ipv4NotOk: false, ipv6Preferred: false });
}

for (const [name, wishes] of WISHES) {
  test(`${name}: what is sent comes back`, async () => {
    const chain = await openChain();
    const circuit = await chain.circuit(wishes);
    const echo = await echoServer(chain);
    circuit.send(RELAY.begin, 7, begin(echo.host, echo.port));
    const connected = decodeConnected((await circuit.next(RELAY.connected, 7)).data);
    assert.is(connected.ok && connected.value.host, echo.host);
    const text = new TextEncoder().encode('what is sent comes back');
    circuit.send(RELAY.data, 7, text);
    assert.equal((await circuit.next(RELAY.data, 7)).data, text);
    circuit.send(RELAY.end, 7, Uint8Array.of(END_REASON.done));
    await chain.until('no streams', () => chain.relays[2].relay.stats().streams === 0);
    await chain.close();
  });

  test(`${name}: half a megabyte down`, async () => {
    const chain = await openChain();
    const circuit = await chain.circuit(wishes);
    const bytes = 600_000;
    const source = await sourceServer(chain, bytes);
    let got = 0;
    circuit.onData = (_stream, length) => {
      got += length;
    };
    circuit.send(RELAY.begin, 9, begin(source.host, source.port));
    const end = await circuit.next(RELAY.end, 9);
    assert.is(decodeEnd(end.data).reason, END_REASON.done);
    assert.is(got, bytes);
    await chain.close();
  });
}

test('optimistic data, a name, and an answer', async () => {
  const chain = await openChain();
  const circuit = await chain.circuit();
  const echo = await echoServer(chain);
  circuit.send(RELAY.begin, 1, begin('echo.test', echo.port));
  circuit.send(RELAY.data, 1, Uint8Array.of(1, 2, 3));
  assert.equal((await circuit.next(RELAY.data, 1)).data, Uint8Array.of(1, 2, 3));
  await chain.close();
});

test('a directory request', async () => {
  const chain = await openChain();
  const circuit = await chain.circuit();
  circuit.send(RELAY.beginDir, 3, new Uint8Array(0));
  assert.is((await circuit.next(RELAY.connected, 3)).data.length, 0);
  let got = 0;
  circuit.onData = (_stream, length) => {
    got += length;
  };
  circuit.send(RELAY.data, 3, new TextEncoder().encode('GET /half HTTP/1.0\r\n'));
  circuit.send(RELAY.data, 3, new TextEncoder().encode('\r\n'));
  await circuit.next(RELAY.end, 3);
  assert.is(got, 300_000);
  await chain.close();
});

test('names and addresses are looked up', async () => {
  const chain = await openChain();
  const circuit = await chain.circuit();
  const answers = async (stream: number, host: string) => {
    circuit.send(RELAY.resolve, stream, encodeResolve(host));
    const answer = decodeResolved((await circuit.next(RELAY.resolved, stream)).data);
    return answer.ok ? answer.value.map(({ kind, value, ttlSec }) => `${kind} ${value} ${ttlSec}`) : [];
  };
  assert.equal(await answers(1, 'echo.test'), ['ipv4 10.0.0.9 60']);
  assert.equal(await answers(2, '10.1.2.3'), ['ipv4 10.1.2.3 60']);
  assert.equal(await answers(3, '9.0.0.10.in-addr.arpa'), ['name echo.test 60']);
  assert.equal(await answers(4, 'nobody.test'), ['error  60']);
  assert.equal(await answers(5, 'x.in-addr.arpa'), ['error  60']);
  await chain.close();
});

test('a circuit is cut and extended again', async () => {
  const chain = await openChain();
  const circuit = await chain.circuit();
  circuit.send(RELAY.truncate, 0, new Uint8Array(0), { hop: 1 });
  await circuit.next(RELAY.truncated);
  await chain.until('the last relay has no circuit', () => chain.relays[2].relay.stats().circuits === 0);
  assert.is(chain.relays[1].relay.stats().circuits, 1);
  await chain.close();
});

test('DROP, unknown messages and padding machines harm nobody', async () => {
  const chain = await openChain();
  const circuit = await chain.circuit();
  circuit.send(RELAY.drop, 0, new Uint8Array(100));
  circuit.send(200, 0, new Uint8Array(3));
  circuit.send(RELAY.paddingNegotiate, 0, Uint8Array.of(0, 2, 1, 0, 0, 0, 0, 5));
  const answer = await circuit.next(RELAY.paddingNegotiated);
  assert.equal(answer.data, Uint8Array.of(0, 2, 2, 1, 0, 0, 0, 5));
  await chain.close();
});

test('CREATE_FAST makes a circuit of one hop', async () => {
  const chain = await openChain();
  const circuit = chain.client.circuit();
  await circuit.createFast();
  circuit.send(RELAY.beginDir, 3, new Uint8Array(0));
  await circuit.next(RELAY.connected, 3);
  await chain.close();
});

test.run();

export type { Chain };
