/**
 * Aim: documents in the store that are of another network, or damaged, are told of with the reason, not used, and
 * replaced; the client becomes ready all the same.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { STORE_KEYS } from '../../../engine/onion/client/stored-documents.ts';
import { clientKit, clientRoom, MemoryStore } from './support/client-kit.ts';
import { type SimNetwork, simNetwork } from './support/sim-network.ts';

const foreign = suite('a store with documents of others');

/** Runs a client until it is ready; gives back what it said of the stored consensus. */
async function runWith(network: SimNetwork, store: MemoryStore, address: string): Promise<readonly string[]> {
  const { runtime } = network.world.host({ address });
  const room = clientRoom({ slotCount: 400, circuits: 32, aheadCells: 1 });
  const { client, progress } = clientKit({ authorities: network.authorities }, { runtime, room, store });
  await network.wait('started', client.start());
  await network.wait('ready', client.ready);
  await network.wait('stopped', client.stop());
  await network.world.run({ forMs: 6_000 });
  room.close();
  return progress.flatMap((one) =>
    one.kind === 'problem' && one.error.code === 'CONSENSUS_REFUSED' ? [one.error.message] : [],
  );
}

foreign('of another network, damaged, and good', async () => {
  const [ours, theirs] = [
    await simNetwork({ relays: 4, exits: 2 }),
    await simNetwork({ relays: 4, exits: 2, seed: 2 }),
  ];
  const store = new MemoryStore();
  assert.equal(await runWith(theirs, store, '9.9.1.1'), []);
  const [refusal = '', ...more] = await runWith(ours, store, '9.9.1.1');
  assert.match(refusal, /^the stored consensus: .+/);
  assert.equal(more, []);
  assert.equal(await runWith(ours, store, '9.9.1.2'), [], 'the new one is in its place');
  store.values.set(
    STORE_KEYS.consensus,
    new TextEncoder().encode('network-status-version 3 microdesc\nnonsense'),
  );
  assert.is((await runWith(ours, store, '9.9.1.3')).length, 1);
  await ours.stop();
  await theirs.stop();
});

foreign.run();
