// Aim: a scrub finds exactly the pieces that have rotted, reads no faster than it may, begins with what was checked
// longest ago, goes on after a restart where it was, and takes a drive that is gone or fails for no damage.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Bitfield } from '../../../engine/bittorrent/bitfield.ts';
import { InlineHashService } from '../../../engine/kernels/hash-service.ts';
import { Slab } from '../../../engine/kernels/slab.ts';
import type { TorrentRow } from '../../../engine/node/control/row.ts';
import { Scrub, type ScrubPosition } from '../../../engine/node/upkeep/scrub.ts';
import { openScrubContent } from '../../../engine/node/upkeep/scrub-content.ts';
import { dueForScrub } from '../../../engine/node/upkeep/scrub-order.ts';
import { SimWorld } from '../../../engine/runtime/sim/world.ts';
import { type MadeTorrent, makeTorrent } from '../../bittorrent/support/make-torrent.ts';

const sim = suite('scrub');
const PIECE = 32_768;
const DAY_MS = 86_400_000;
const made = [1, 2, 3].map((seed) =>
  makeTorrent({ name: `t${seed}`, pieceLength: PIECE, fileBytes: [300_000, 100_000], seed }),
);
const BYTES = 400_000;

function rowOf(index: number, change: Partial<TorrentRow> = {}): TorrentRow {
  const some: Partial<TorrentRow> = {
    id: index,
    infoHash: `${index}`,
    state: 'seeding',
    pieceDoneCount: 13,
    addedAtMs: index,
    completedAtMs: 0,
    lastCheckedMs: 0,
    ...change,
  };
  return some as TorrentRow;
}

class Scene {
  readonly world = new SimWorld({ seed: 1 });
  readonly host = this.world.host({ address: '10.0.0.1' });
  readonly have = made.map(({ metainfo }) => Bitfield.full(metainfo.pieceCount));
  readonly rows = made.map((_, index) => rowOf(index));
  readonly bad: string[] = [];
  readonly checked: string[] = [];
  readonly gone: string[] = [];
  readonly opened: string[] = [];
  options = { scrubRate: 1e9, scrubEveryMs: DAY_MS };
  saved: ScrubPosition | undefined;
  piecesRead = 0;
  private readonly slab = new Slab({ slotCount: 64, threadCountMax: 1 });
  private readonly hashes = new InlineHashService({}, { slab: this.slab });

  constructor() {
    for (const torrent of made) this.lay(torrent);
  }

  lay({ content }: MadeTorrent): void {
    for (const [path, bytes] of content) this.host.disk.put(`/d/${path}`, bytes);
  }

  start(): Scrub {
    const { runtime } = this.host;
    const scrub = new Scrub(
      { position: this.saved },
      {
        clock: runtime.clock,
        rows: () => this.rows,
        options: () => this.options,
        open: async (infoHash) => {
          this.opened.push(infoHash);
          const { metainfo } = made[Number(infoHash)]!;
          const content = openScrubContent(
            { metainfo, root: '/d', have: () => this.have[Number(infoHash)]! },
            { runtime, slab: this.slab, hashes: this.hashes },
          );
          return {
            ...content,
            check: (piece) => {
              this.piecesRead += 1;
              return content.check(piece);
            },
          };
        },
        onBad: async (infoHash, pieces) => {
          for (const piece of pieces) {
            this.bad.push(`${infoHash}:${piece}`);
            this.have[Number(infoHash)]!.clear(piece);
          }
        },
        onChecked: (infoHash) => {
          this.checked.push(infoHash);
          const index = this.rows.findIndex((row) => row.infoHash === infoHash);
          this.rows[index] = { ...this.rows[index]!, lastCheckedMs: runtime.clock.wallClock() };
        },
        onGone: (infoHash) => this.gone.push(infoHash),
        save: async (position) => {
          this.saved = position;
        },
        onError: (error) => assert.unreachable(String(error)),
      },
    );
    scrub.start();
    return scrub;
  }

  async close(scrub: Scrub): Promise<void> {
    let isOver = false;
    void scrub.close().then(() => {
      isOver = true;
    });
    await this.world.run({ until: () => isOver });
  }
}

sim('only rotten pieces are told, everything is looked at once, and again when it is due', async () => {
  const scene = new Scene();
  scene.host.disk.rot('/d/t2/f000', PIECE * 3 + 5, 1);
  scene.host.disk.rot('/d/t2/f001', 99_999, 1);
  scene.have[0]!.clear(4);
  scene.host.disk.rot('/d/t1/f000', PIECE * 4, 10);
  const scrub = scene.start();
  await scene.world.run({ forMs: 10_000 });
  assert.equal(scene.bad, ['1:3', '1:12']);
  assert.equal(scene.checked, ['0', '1', '2']);
  assert.is(scene.piecesRead, 13 * 3 - 1);
  await scene.world.run({ forMs: DAY_MS + 120_000 });
  assert.equal(scene.checked.length, 6);
  assert.equal(scene.bad, ['1:3', '1:12']);
  await scene.close(scrub);
});

sim('it reads no faster than it may, follows another rate, and rests at 0', async () => {
  const scene = new Scene();
  scene.options = { ...scene.options, scrubRate: 40_000 };
  const scrub = scene.start();
  await scene.world.run({ until: () => scene.checked.length === 2 });
  const seconds = scene.world.nowMs / 1000;
  assert.ok(Math.abs((BYTES * 2) / seconds / 40_000 - 1) < 0.07, `${(BYTES * 2) / seconds} bytes a second`);
  scene.options = { ...scene.options, scrubRate: 0 };
  await scene.world.run({ forMs: 600_000 });
  assert.is(scene.checked.length, 2);
  scene.options = { ...scene.options, scrubRate: 400_000 };
  const before = scene.world.nowMs;
  await scene.world.run({ until: () => scene.checked.length === 3 });
  assert.ok(scene.world.nowMs - before < 62_000);
  await scene.close(scrub);
});

sim('stopped in the middle it goes on there, also with what it has found and not told', async () => {
  const scene = new Scene();
  scene.options = { ...scene.options, scrubRate: 40_000 };
  scene.host.disk.rot('/d/t1/f000', 0, 1);
  const first = scene.start();
  await scene.world.run({ forMs: 6_000 });
  await scene.close(first);
  assert.ok(scene.saved !== undefined && scene.saved.piece > 2 && scene.saved.piece < 12);
  assert.equal(scene.saved.bad, [0]);
  const second = scene.start();
  await scene.world.run({ until: () => scene.checked.length === 1 });
  assert.equal(scene.bad, ['0:0']);
  assert.is(scene.piecesRead, 13);
  await scene.close(second);
});

sim('killed in the middle it looks at little twice', async () => {
  const scene = new Scene();
  scene.options = { ...scene.options, scrubRate: 4_000 };
  scene.start();
  await scene.world.run({ forMs: 80_000 });
  const read = scene.piecesRead;
  const { saved } = scene;
  scene.host.restart();
  assert.ok(saved !== undefined && read - saved.piece <= 5, `${read} read, saved at ${saved?.piece}`);
  scene.options = { ...scene.options, scrubRate: 1e9 };
  const again = scene.start();
  await scene.world.run({ until: () => scene.checked.length === 1 });
  assert.ok(scene.piecesRead <= 13 + 5);
  await scene.close(again);
});

sim('files that are gone, and a disk that cannot read any more, are no bad pieces', async () => {
  const scene = new Scene();
  await scene.host.disk.tree.remove('/d/t1/f001');
  scene.host.disk.addFault(({ action, path }) =>
    action === 'read' && path.startsWith('/d/t2') ? 'EIO' : undefined,
  );
  const scrub = scene.start();
  await scene.world.run({ until: () => scene.checked.length === 1 });
  assert.equal(scene.gone, ['0', '1']);
  assert.equal(scene.bad, []);
  await scene.close(scrub);
});

sim('a single place that a disk cannot read is damage', async () => {
  const scene = new Scene();
  scene.host.disk.addFault(({ action, path, position }) =>
    action === 'read' && path === '/d/t1/f000' && Math.floor(position / PIECE) === 2 ? 'EIO' : undefined,
  );
  const scrub = scene.start();
  await scene.world.run({ until: () => scene.checked.length === 3 });
  assert.equal(scene.bad, ['0:2']);
  await scene.close(scrub);
});

sim('a library that has nothing yet is asked again', async () => {
  const scene = new Scene();
  const rows = scene.rows.splice(0);
  const scrub = scene.start();
  await scene.world.run({ forMs: 30_000 });
  scene.rows.push(...rows);
  await scene.world.run({ forMs: 60_000 });
  assert.is(scene.checked.length, 3);
  await scene.close(scrub);
});

sim('the order: longest ago first, never checked before all, not what is fresh, away or empty', () => {
  const now = 100 * DAY_MS;
  const rows = [
    rowOf(1, { lastCheckedMs: now - 2 * DAY_MS }),
    rowOf(2, { lastCheckedMs: now - 5 * DAY_MS }),
    rowOf(3, { addedAtMs: 9 }),
    rowOf(4, { addedAtMs: 8 }),
    rowOf(5, { lastCheckedMs: now - DAY_MS / 2 }),
    rowOf(6, { completedAtMs: now - DAY_MS / 2 }),
    rowOf(7, { state: 'offline' }),
    rowOf(8, { pieceDoneCount: 0 }),
    rowOf(9, { lastCheckedMs: now + 50 * DAY_MS }),
  ];
  assert.equal(dueForScrub(rows, DAY_MS, now), ['4', '3', '2', '1', '9']);
});

sim.run();
