// Aim: a stream over uTP keeps every promise that a stream over TCP keeps, over loopback, a virtual network, and one
// that loses packets and brings them out of order.
import { suite } from 'uvu';
import { streamEndConformance } from '../../runtime/conformance/stream-ends.ts';
import { streamConformance } from '../../runtime/conformance/streams.ts';
import { makeRealWorld } from '../../runtime/support/real-world.ts';
import { makeSimWorld } from '../../runtime/support/sim-world.ts';
import { overUtp } from './support/utp-world.ts';

for (const [name, make] of [
  ['loopback', () => makeRealWorld()],
  ['a virtual network', () => makeSimWorld()],
] as const) {
  const test = suite(`streams over uTP, ${name}`);
  streamConformance(test, async () => overUtp(await make()));
  streamEndConformance(test, async () => overUtp(await make()));
  test.run();
}
