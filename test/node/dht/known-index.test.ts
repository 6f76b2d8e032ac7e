/** Aim: nodes known are the same whether the XOR kernel searches them or the plain search does. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { KnownNodes, PlainIdIndex } from '../../../engine/discovery/dht/known-nodes.ts';
import { createKnownIndex } from '../../../engine/node/dht/known-index.ts';
import { SimRandom } from '../../../engine/runtime/sim/chance.ts';

const known = suite('known nodes by kernel');

known('both searches find the same nodes in the same order, also after the oldest were replaced', () => {
  const random = new SimRandom(1, 'known');
  const index = createKnownIndex(300);
  assert.ok(index, 'there are kernels here');
  const byKernel = new KnownNodes({ index: index! });
  const plain = new KnownNodes({ index: new PlainIdIndex({ capacity: 300 }) });
  for (let i = 0; i < 1000; i++) {
    const contact = { id: random.bytes(20), host: `20.${i >> 8}.${i & 255}.1`, port: 1 };
    for (const nodes of [byKernel, plain]) nodes.answered(contact, 10, i);
    if (i % 9 === 0) for (const nodes of [byKernel, plain]) nodes.failed(contact);
    if (i % 10 !== 0) continue;
    const target = random.bytes(20);
    assert.equal(byKernel.nearest(target, 16, i), plain.nearest(target, 16, i));
  }
  assert.ok(byKernel.size <= 300);
});

known.run();
