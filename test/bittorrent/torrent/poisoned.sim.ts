/**
 * Aim: a poisoned swarm finishes all the same: half of the seeders send bad blocks, decoys promise everything and answer
 * nothing, PEX tells of addresses where nobody is, and so does a DHT that lies. What was wasted is counted and bounded.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Torrent } from '../../../engine/bittorrent/torrent/torrent.ts';
import { PexExchange } from '../../../engine/discovery/pex/exchange.ts';
import { encodePexMessage, PEX_PEERS_MAX } from '../../../engine/discovery/pex/message.ts';
import type { StreamHandler } from '../../../engine/runtime/port.ts';
import type { SimHost } from '../../../engine/runtime/sim/host.ts';
import { SimWorld } from '../../../engine/runtime/sim/world.ts';
import { type MadeTorrent, makeTorrent } from '../support/make-torrent.ts';
import { hasContent, SIM_PORT, type SimPeer, startSimPeer } from '../support/sim-peer.ts';
import { message } from '../support/stranger.ts';

const test = suite('poisoned swarm');
const made = makeTorrent({ name: 'poisoned', pieceLength: 1 << 18, fileBytes: [5_000_001] });
const RATE = 1_250_000;
const BAD = [66, 67];
const DECOYS = [70, 71, 72, 73, 74];
const GOOD = [1, 2];
/** Addresses that the DHT and PEX invent. */
const INVENTED = 300;

const at = (address: string) => ({ host: address, port: SIM_PORT });
const hostOf = (world: SimWorld, index: number): SimHost =>
  world.host({ address: `60.1.${index}.1`, upBytesPerSec: RATE, downBytesPerSec: 4 * RATE });

function corrupt(original: MadeTorrent): MadeTorrent {
  const content = new Map(
    [...original.content].map(([path, bytes]) => [path, bytes.map((byte) => byte ^ 1)] as const),
  );
  return { ...original, content };
}

/** Greets, says that it has everything, lets itself be asked, tells of fifty peers that are not there; and no more. */
async function decoy(host: SimHost, index: number): Promise<void> {
  const flags = { prefersEncryption: false, isSeed: true, utp: false, holepunch: false, reachable: true };
  const added = Array.from({ length: PEX_PEERS_MAX }, (_, number) => ({
    endpoint: { host: `61.${index}.${number}.1`, port: SIM_PORT },
    flags,
  }));
  const extended = (number: number, payload: Uint8Array): Buffer => {
    const head = Buffer.alloc(6);
    head.writeUInt32BE(2 + payload.length, 0);
    head[4] = 20;
    head[5] = number;
    return Buffer.concat([head, payload]);
  };
  await host.runtime.network.listen({ host: host.address, port: SIM_PORT }, (stream): StreamHandler => {
    const greeting = Buffer.alloc(68);
    greeting.write('\x13BitTorrent protocol', 0, 'latin1');
    greeting[25] = 16;
    greeting[27] = 4;
    greeting.set(made.metainfo.infoHashV1!, 28);
    greeting.write(`-DC0000-${String(index).padStart(12, '0')}`, 48);
    const target = new Uint8Array(65_536);
    return {
      onOpen() {
        // The plug of the leecher has the first number for plugs.
        const told = extended(16, encodePexMessage({ added, dropped: [] }));
        stream.write(Buffer.concat([greeting, message(14), message(1), told]));
      },
      readTarget: () => target,
      onRead() {},
      onDrain() {},
      onClose() {},
    };
  });
}

for (const seed of [1, 2, 3]) {
  test(`it finishes, and what was wasted is counted (seed ${seed})`, async () => {
    const world = new SimWorld({ seed });
    let leecher: SimPeer | undefined;
    let told = 0;
    const boot = async (): Promise<void> => {
      for (const index of GOOD) await startSimPeer(hostOf(world, index), made, { seeder: true });
      for (const index of BAD) await startSimPeer(hostOf(world, index), corrupt(made), { seeder: true });
      for (const index of DECOYS) await decoy(hostOf(world, index), index);
      const host = hostOf(world, 100);
      const pex = new PexExchange({
        clock: host.runtime.clock,
        onPeers: (peers, via) => {
          told += peers.length;
          torrent().addCandidates(
            peers.map(({ endpoint }) => endpoint),
            via,
          );
        },
      });
      const torrent = (): Torrent => leecher!.torrent;
      leecher = await startSimPeer(host, made, { plugs: [pex] });
      // What a DHT that lies answers: a crowd of nobodies, the liars, and somewhere among them the honest.
      const invented = Array.from({ length: INVENTED }, (_, index) =>
        at(`62.${index >> 8}.${index & 255}.1`),
      );
      const real = [...DECOYS, ...BAD, ...GOOD].map((index) => at(`60.1.${index}.1`));
      leecher.torrent.addCandidates([...real.slice(0, -2), ...invented, ...real.slice(-2)]);
    };
    void boot();
    await world.run({ untilMs: 600_000, until: () => leecher?.torrent.picker.isDone === true });
    const { torrent } = leecher!;
    assert.ok(torrent.have.isFull, `${torrent.have.count} of ${made.metainfo.pieceCount}`);
    const { wastedBytes, failedPieces } = torrent.downloader.stats;
    assert.ok(failedPieces > 0 && told > 0, 'the poison was taken');
    assert.ok(wastedBytes >= failedPieces * 16_384, `${wastedBytes} bytes of ${failedPieces} pieces`);
    assert.ok(wastedBytes < 2 * made.metainfo.contentBytes, `${wastedBytes} bytes wasted`);
    const nobody = new Uint8Array(20);
    for (const index of GOOD)
      assert.not.ok(torrent.pool.isBanned(at(`60.1.${index}.1`), nobody), `${index} is innocent`);
    assert.ok(torrent.pool.size <= torrent.options.candidatesMax);
    let same: boolean | undefined;
    void hasContent(leecher!.host, made).then((result) => (same = result));
    await world.run({ until: () => same !== undefined, forMs: 10_000 });
    assert.is(same, true);
  });
}

test.run();
