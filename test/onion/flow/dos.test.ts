// Aim: one address cannot take a relay away from others: circuits and connections are refused once it goes too far, the
// memory for addresses and the queue of handshakes are bounded, and honest clients notice nothing.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ClientAddresses } from '../../../engine/onion/flow/client-addresses.ts';
import { type DosParams, dosParams } from '../../../engine/onion/flow/dos-params.ts';
import { HandshakeQueue, handshakeQueueOptions } from '../../../engine/onion/flow/handshake-queue.ts';
import { seededRandom } from '../../bittorrent/support/seeded-random.ts';

const test = suite('defence against floods');
const ON = new Map([
  ['DoSCircuitCreationEnabled', 1],
  ['DoSConnectionEnabled', 1],
]);

function relay(overrides: Partial<DosParams> = {}, addressesMax = 1000): ClientAddresses {
  return new ClientAddresses({ params: dosParams(ON, overrides), addressesMax }, { random: seededRandom(1) });
}

/** How many of `count` circuits at one moment are let through. */
function circuits(clients: ClientAddresses, address: string, count: number, nowMs: number): number {
  let created = 0;
  for (let i = 0; i < count; i++) if (clients.mayCreateCircuit(address, nowMs)) created += 1;
  return created;
}

test('90 circuits at once and three a second, from three connections on', () => {
  const clients = relay();
  for (let i = 0; i < 3; i++) assert.ok(clients.connected('a', 0));
  assert.is(circuits(clients, 'a', 200, 0), 90);
  assert.is(circuits(clients, 'a', 10, 3_599_000), 0, 'refused for an hour, and after each further try');
  assert.is(clients.counters.addressesMarked, 1);
  assert.is(clients.counters.circuitsRefused, 120);
});

test('who does not take the cells of three circuits gets no more', () => {
  const clients = relay();
  clients.connected('a', 0);
  clients.connected('b', 0);
  clients.overflowed('a', 0);
  clients.overflowed('a', 0);
  clients.overflowed('stranger', 0);
  assert.ok(clients.mayCreateCircuit('a', 0));
  clients.overflowed('a', 0);
  assert.not.ok(clients.mayCreateCircuit('a', 3_599_000));
  assert.ok(clients.mayCreateCircuit('b', 0));
  assert.is(clients.counters.addressesMarked, 1);
  assert.ok(clients.mayCreateCircuit('a', 2 * 3_600_000));
  const off = relay({ circuitOverflowsMax: 0 });
  off.connected('a', 0);
  for (let i = 0; i < 10; i++) off.overflowed('a', 0);
  assert.ok(off.mayCreateCircuit('a', 0));
});

test('an address that keeps to three a second is never refused', () => {
  const clients = relay();
  for (let i = 0; i < 5; i++) clients.connected('a', 0);
  for (let second = 0; second < 1000; second++) assert.is(circuits(clients, 'a', 3, second * 1000), 3);
});

test('two connections are below what is counted', () => {
  const clients = relay();
  clients.connected('a', 0);
  clients.connected('a', 0);
  assert.is(circuits(clients, 'a', 500, 0), 500);
});

test('refusal ends after an hour or up to half as long again', () => {
  const clients = relay();
  for (let i = 0; i < 3; i++) clients.connected('a', 0);
  circuits(clients, 'a', 91, 0);
  assert.ok(clients.mayCreateCircuit('a', 5_400_001));
});

test('100 connections at once, 40 in one moment and then 20 a second', () => {
  const clients = relay();
  let open = 0;
  for (let nowMs = 0; nowMs < 10_000 && open < 100; nowMs += 50) if (clients.connected('a', nowMs)) open += 1;
  assert.is(open, 100);
  assert.not.ok(clients.connected('a', 20_000));
  clients.disconnected('a');
  assert.ok(clients.connected('a', 30_000));
  const burst = relay();
  let accepted = 0;
  for (let i = 0; i < 60; i++) {
    if (burst.connected('b', 0)) accepted += 1;
    burst.disconnected('b');
  }
  assert.is(accepted, 40);
  assert.not.ok(burst.connected('b', 86_399_000), 'refused for a day');
  assert.ok(burst.connected('b', 86_400_000 * 1.5 + 1));
});

test('others are not touched, and off is off', () => {
  const clients = relay();
  for (let i = 0; i < 100; i++) clients.connected('a', 0);
  assert.ok(clients.connected('b', 0));
  const off = new ClientAddresses({ params: dosParams(new Map()) }, { random: seededRandom(1) });
  for (let i = 0; i < 500; i++) assert.ok(off.connected('a', 0));
  assert.is(circuits(off, 'a', 500, 0), 500);
});

test('addresses are bounded: the one idle for longest is forgotten, with all connected new ones are refused', () => {
  const clients = relay({}, 100);
  for (let i = 0; i < 100; i++) clients.connected(`a${i}`, 0);
  assert.not.ok(clients.connected('new', 0));
  clients.disconnected('a7');
  clients.disconnected('a3');
  assert.ok(clients.connected('new', 0));
  assert.is(clients.addressCount, 100);
  assert.ok(clients.connected('a3', 0), 'a7 went first');
});

test('parameters: consensus, clamped, below the configuration; type 1 is no defence', () => {
  const params = dosParams(
    new Map([
      ['DoSCircuitCreationEnabled', 1],
      ['DoSCircuitCreationDefenseType', 1],
    ]),
  );
  assert.not.ok(params.isCircuitDefenceOn);
  const stream = (type: number): readonly boolean[] => {
    const { isStreamDefenceOn, isStreamFloodClosed } = dosParams(
      new Map([
        ['DoSStreamCreationEnabled', 1],
        ['DoSStreamCreationDefenseType', type],
      ]),
    );
    return [isStreamDefenceOn, isStreamFloodClosed];
  };
  assert.equal([1, 2, 3].map(stream), [
    [false, false],
    [true, false],
    [true, true],
  ]);
  assert.is(dosParams(new Map([['DoSConnectionMaxConcurrentCount', 0]])).connectionsMax, 1);
  assert.is(dosParams(ON, { connectionsMax: 7 }).connectionsMax, 7);
});

test('a handshake is refused when it would wait for more than 1.75 s', () => {
  const queue = new HandshakeQueue<number>(handshakeQueueOptions(new Map(), 2));
  for (let i = 0; i < 100; i++) queue.noteDone('ntor', 1, 1);
  let accepted = 0;
  while (queue.push(accepted, 'ntor', 0)) accepted += 1;
  assert.ok(accepted > 3400 && accepted < 3600, `${accepted} of 1 ms each on 2 threads`);
  assert.ok(queue.waitMs > 1750);
  assert.is(queue.dropped.ntor, 1);
  assert.equal(
    queue.take(3, 100, () => {}),
    [0, 1, 2],
  );
});

test('a handshake that has waited for 5 s is dropped, not answered', () => {
  const queue = new HandshakeQueue<string>(handshakeQueueOptions(new Map(), 1));
  queue.push('old', 'ntor3', 0);
  queue.push('new', 'ntor', 2000);
  const dropped: string[] = [];
  assert.equal(
    queue.take(10, 5001, (task) => dropped.push(task)),
    ['new'],
  );
  assert.equal([dropped, queue.dropped.ntor3, queue.length, queue.waitMs], [['old'], 1, 0, 0]);
});

test('the queue has a hard bound, and its memory does not grow while it flows', () => {
  const queue = new HandshakeQueue<number>({
    ...handshakeQueueOptions(new Map(), 1),
    lengthMax: 50,
    waitMaxMs: 1e9,
  });
  for (let i = 0; i < 60; i++) queue.push(i, 'ntor', 0);
  assert.equal([queue.length, queue.dropped.ntor], [50, 10]);
  for (let i = 0; i < 10_000; i++) {
    const [task] = queue.take(1, 0, () => {});
    assert.ok(task !== undefined && queue.push(i, 'ntor', 0));
  }
  assert.is(queue.length, 50);
});

test.run();
