/**
 * Aim: a link's circuits have numbers of the right half, and when the link is full the circuit that has sent least goes
 * first; a clogged circuit is told when it may go on.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Slab } from '../../../engine/kernels/slab.ts';
import { CELL_BYTES } from '../../../engine/onion/cell/command.ts';
import { QueueRoom } from '../../../engine/onion/relay/cell-queue.ts';
import { RelayCircuit } from '../../../engine/onion/relay/circuit.ts';
import { RelayCounters } from '../../../engine/onion/relay/counters.ts';
import { Leg } from '../../../engine/onion/relay/leg.ts';
import { Port } from '../../../engine/onion/relay/port.ts';
import { RunSender } from '../../../engine/onion/relay/run-sender.ts';
import { circuitId } from '../../../engine/onion/units.ts';
import type { Milliseconds } from '../../../engine/runtime/port.ts';
import { seededRandom } from '../../bittorrent/support/seeded-random.ts';
import { FakeChannel } from './support/fake-channel.ts';

const test = suite('the circuits of a link');

function setUp(queueCellsMax = 1000) {
  const slab = new Slab({ slotCount: 200, threadCountMax: 1 });
  const room = new QueueRoom({ slab });
  const channel = new FakeChannel();
  const rooms: Leg[] = [];
  const overflows: string[] = [];
  const port = new Port(
    { halflifeMs: 30_000, queueCellsMax },
    {
      channel,
      clock: { now: () => 0 as Milliseconds, wallClock: () => 0, setTimer: () => ({ cancel() {} }) },
      random: seededRandom(1),
      counters: new RelayCounters(),
      events: { onRoom: (leg) => rooms.push(leg), onOverflow: (_leg, reason) => overflows.push(reason) },
    },
  );
  const leg = (id: number): Leg => {
    const made = new Leg({ circuit: new RelayCircuit(), port, id: circuitId(id), isNext: true }, { room });
    port.add(made);
    return made;
  };
  return { slab, channel, port, leg, rooms, overflows, lease: slab.tryLease(40, 'test')! };
}

test('numbers: ours have the bit of who called, the peer’s have not', () => {
  const { port, channel } = setUp();
  for (let i = 0; i < 50; i += 1) assert.ok(port.freshId()! >= 0x8000_0000);
  assert.ok(port.isPeersId(5));
  assert.not(port.isPeersId(0x8000_0005));
  assert.not(port.isPeersId(0));
  channel.initiated = false;
  for (let i = 0; i < 50; i += 1) assert.ok(port.freshId()! < 0x8000_0000);
  assert.ok(port.isPeersId(0x8000_0005));
});

test('neighbours of several circuits are one range while the link takes all', () => {
  const { port, channel, leg, lease } = setUp();
  const [one, two] = [leg(1), leg(2)];
  const sender = new RunSender();
  for (let i = 0; i < 6; i += 1) sender.add(i < 3 ? one : two, lease, lease.offset + i * CELL_BYTES);
  sender.add(one, lease, lease.offset + 9 * CELL_BYTES);
  sender.flush();
  assert.equal(
    channel.sent.map(({ byteLength }) => byteLength / CELL_BYTES),
    [6, 1],
  );
  assert.ok(one.sentCells === 4 && two.sentCells === 3);
  assert.is(port.isDirect, true);
});

test('the circuit that has sent least goes first, however much the other has waiting', () => {
  const { port, channel, leg, lease } = setUp();
  const [greedy, modest] = [leg(1), leg(2)];
  port.charge(greedy, 500);
  channel.roomBytes = 0;
  port.enqueue(greedy, lease, lease.offset, 100);
  port.enqueue(modest, lease, lease.offset + 200 * CELL_BYTES, 5);
  channel.roomBytes = 10 * CELL_BYTES;
  port.drain();
  assert.is(channel.sent[0]!.offset, lease.offset + 200 * CELL_BYTES);
  assert.is(modest.queue.cells, 0);
  assert.is(port.isDirect, false, 'others wait still');
  port.remove(greedy);
  port.remove(modest);
});

test('a clogged circuit hears of room once', () => {
  const { port, channel, leg, lease, rooms } = setUp();
  const one = leg(1);
  channel.roomBytes = 0;
  port.enqueue(one, lease, lease.offset, 300);
  assert.ok(one.isClogged);
  channel.roomBytes = Number.POSITIVE_INFINITY;
  port.drain();
  assert.not(one.isClogged);
  assert.equal(rooms, [one]);
});

test('more cells than may wait are refused', () => {
  const { port, channel, leg, lease, overflows, slab } = setUp(50);
  const one = leg(1);
  channel.roomBytes = 0;
  port.enqueue(one, lease, lease.offset, 50);
  port.enqueue(one, lease, lease.offset + 50 * CELL_BYTES, 1);
  assert.equal(overflows, ['queue-cells']);
  port.remove(one);
  lease.release();
  slab.assertAllReturned();
});

test.run();
