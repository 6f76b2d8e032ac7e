/**
 * Aim: relays and clients of Allium and of C tor are of one network. In it both kinds of relays are mixed in every
 * order in circuits of both kinds of clients, and four streams at once, half of them closed early, come through each,
 * whole, while all the others are under way; circuits outlive the streams that were given up.
 *
 * Runs alone.
 */
import * as assert from 'uvu/assert';
import { interopSuite } from './support/peers.ts';
import { proves } from './support/proves.ts';
import { AlliumClient } from './support/tor/allium-client.ts';
import { AlliumRelay } from './support/tor/allium-relay.ts';
import type { TorNetwork } from './support/tor/network.ts';
import { startTorNetwork } from './support/tor/start.ts';
import { streamsAtOnce } from './support/tor/trials.ts';

const tor = interopSuite('Allium and C tor mixed', ['tor', 'tor-gencert']);
const STREAM_BYTES = 2_000_000;
/** Authorities, one relay and one exit of C tor, and three of ours. */
const RELAYS = 3 + 1 + 1 + 3;

let network: TorNetwork;
let ours: { readonly guard: AlliumRelay; readonly middle: AlliumRelay; readonly exit: AlliumRelay };
let clients: readonly {
  readonly client: AlliumClient;
  readonly mask: string;
  readonly path: readonly string[];
}[];

/** Fingerprints of a path by its pattern: `a` is a relay of Allium, `c` one of C tor. */
function pathOf(mask: string): readonly string[] {
  const theirs = [network.node('authority1'), network.node('relay1'), network.node('exit1')];
  const own = [ours.guard, ours.middle, ours.exit];
  return [...mask].map((kind, place) => (kind === 'a' ? own : theirs)[place]?.fingerprint ?? '');
}

/** Four streams of one client at once, every second one closed early; then one more. */
async function fourStreams(client: AlliumClient): Promise<void> {
  const one = async (index: number): Promise<void> => {
    if (index % 2 === 0) {
      await client.download(STREAM_BYTES);
      return;
    }
    const cut = await client.fetch(`/bytes/${STREAM_BYTES}`, { closeAfterBytes: STREAM_BYTES / 4 });
    assert.ok(cut.byteLength < STREAM_BYTES, 'it was closed early');
  };
  await Promise.all([0, 1, 2, 3].map(one));
  await client.download(1_000);
}

tor('starts', async () => {
  network = await startTorNetwork({
    authorities: 3,
    relays: 1,
    exits: 1,
    clients: 1,
    consensusParams: { cc_alg: 2 },
    relaysLast: true,
    onAuthorities: async (made) => {
      const exitPolicy = { exitPolicy: ['accept *:*'] };
      // Up longest of those that come after the authorities, so that it is Stable, as a guard has to be.
      const guard = await AlliumRelay.start(made, { nickname: 'AlliumGuard' });
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      const [middle, exit] = await Promise.all([
        AlliumRelay.start(made, { nickname: 'AlliumMiddle' }),
        AlliumRelay.start(made, { nickname: 'AlliumExit', config: exitPolicy }),
      ]);
      ours = { guard, middle, exit };
      return [guard.fingerprint, middle.fingerprint, exit.fingerprint];
    },
    onProgress: (what, elapsedMs) => process.stdout.write(`${(elapsedMs / 1000).toFixed(1)} s  ${what}\n`),
  });
  await Promise.all(Object.values(ours).map((relay) => relay.waitUntilItKnows(RELAYS)));
  // A client finds what it needs in the consensus that it begins with.
  const flags = ['Running', 'Valid', 'Fast', 'Guard', 'V2Dir'];
  for (const { fingerprint } of Object.values(ours)) await network.waitForRelay(fingerprint, flags);
  await network.waitForRelay(ours.exit.fingerprint, ['Exit']);
  await network.waitForRelay(ours.guard.fingerprint, ['Stable']);
});

tor('clients of Allium join', async () => {
  clients = ['aca', 'cac', 'caa', 'aac'].map((mask) => {
    const path = pathOf(mask);
    const [first, middle, last] = path;
    const nodes = { entryNodes: [first], middleNodes: [middle], exitNodes: [last] };
    return { client: new AlliumClient(network, { ...nodes, circuits: 16 }), mask, path };
  });
  await Promise.all(clients.map(({ client }) => client.start()));
});

tor(
  proves('four streams of each of them come through, half of them closed early, all at once', [
    'onion network of both, mixed',
    'C tor',
  ]),
  async () => {
    const masks = ['aca', 'cac', 'acc', 'cca'];
    await Promise.all([
      ...masks.map((mask) => streamsAtOnce(network, pathOf(mask), { byteLength: STREAM_BYTES, count: 4 })),
      ...clients.map(({ client }) => fourStreams(client)),
    ]);
    for (const { client, mask, path } of clients) {
      const used = await client.paths();
      assert.ok(used.length > 0, mask);
      for (const one of used) assert.equal(one, path, mask);
    }
  },
);

tor('so they do for a client of C tor and one of Allium on the same path', async () => {
  const [first] = clients;
  assert.ok(first);
  await Promise.all([
    streamsAtOnce(network, first.path, { byteLength: STREAM_BYTES, count: 4 }),
    fourStreams(first.client),
  ]);
});

tor('nobody has counted a fault of another', async () => {
  for (const relay of Object.values(ours)) {
    const metrics = await relay.metrics();
    const odd = [...metrics].filter(
      ([name, value]) => /^(connection_faults|handshakes_failed)_total/.test(name) && value > 0,
    );
    assert.equal(odd, [], relay.nickname);
    assert.ok((metrics.get('cells_total{kind="passed"}') ?? 0) > 0, relay.nickname);
  }
  for (const { client, mask } of clients) assert.equal((await client.view()).proxy.failures, {}, mask);
});

tor('ends', async () => {
  for (const { client } of clients) assert.is(await client.stop(), 0);
  for (const relay of Object.values(ours)) assert.is(await relay.program.stop(), 0);
  await network.stop();
});

tor.run();
