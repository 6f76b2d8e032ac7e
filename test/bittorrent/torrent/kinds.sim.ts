// Aim: torrents of every shape come over whole: v1, v2 and hybrid, one piece, a piece longer than the file, empty files, last
// blocks of one byte, pieces that are no multiple of a block.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SimWorld } from '../../../engine/runtime/sim/world.ts';
import { makeTorrent } from '../support/make-torrent.ts';
import { hasContent, SIM_PORT, type SimPeer, startSimPeer } from '../support/sim-peer.ts';

const test = suite('kinds of torrents');

const SHAPES: readonly {
  readonly version: 'v1' | 'v2' | 'hybrid';
  readonly pieceLength: number;
  readonly fileBytes: readonly number[];
}[] = [
  { version: 'v1', pieceLength: 32_768, fileBytes: [1] },
  { version: 'v1', pieceLength: 32_768, fileBytes: [32_768] },
  { version: 'v1', pieceLength: 32_768, fileBytes: [32_769] },
  { version: 'v1', pieceLength: 1 << 20, fileBytes: [300_001] },
  { version: 'v1', pieceLength: 50_000, fileBytes: [220_001] },
  { version: 'v1', pieceLength: 32_768, fileBytes: [0, 16_385, 0, 1, 70_000, 0] },
  { version: 'v2', pieceLength: 32_768, fileBytes: [1] },
  { version: 'v2', pieceLength: 32_768, fileBytes: [100_001] },
  { version: 'v2', pieceLength: 65_536, fileBytes: [0, 16_385, 1, 65_536, 65_537, 0, 200_000] },
  { version: 'v2', pieceLength: 16_384, fileBytes: [16_384, 49_153] },
  { version: 'hybrid', pieceLength: 32_768, fileBytes: [100_001] },
  { version: 'hybrid', pieceLength: 65_536, fileBytes: [0, 16_385, 1, 65_536, 65_537, 0, 200_000] },
];

for (const shape of SHAPES) {
  test(`${shape.version}, pieces of ${shape.pieceLength}, files of ${shape.fileBytes} bytes`, async () => {
    const world = new SimWorld({ seed: 1 });
    const made = makeTorrent({ name: 'kind', ...shape });
    let seeder: SimPeer | undefined;
    let leecher: SimPeer | undefined;
    let done = 0;
    const boot = async (): Promise<void> => {
      seeder = await startSimPeer(world.host({ address: '10.0.0.1' }), made, { seeder: true });
      const host = world.host({ address: '10.0.0.2' });
      leecher = await startSimPeer(host, made, { events: { onDone: () => done++ } });
      await leecher.torrent.storage.prepare();
      leecher.torrent.addCandidates([{ host: '10.0.0.1', port: SIM_PORT }]);
    };
    void boot();
    await world.run({ forMs: 60_000, until: () => leecher !== undefined && done > 0 });
    assert.is(done, 1);
    assert.ok(leecher!.torrent.have.isFull);
    let same: boolean | undefined;
    await world.run({ forMs: 1000 });
    void hasContent(leecher!.host, made).then((result) => (same = result));
    await world.run({ forMs: 1000, until: () => same !== undefined });
    assert.is(same, true);
    void seeder!.shard.close();
    void leecher!.shard.close();
    await world.run({ forMs: 10_000 });
    seeder!.slab.assertAllReturned();
    leecher!.slab.assertAllReturned();
  });
}

test.run();
