// Aim: payload is not copied in user space on its way from disk to socket or from socket to disk. Every copy that
// JavaScript can make is counted during a real transfer over TCP between two shards, plain and encrypted.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Bitfield } from '../../engine/bittorrent/bitfield.ts';
import type { EncryptionMode } from '../../engine/bittorrent/mse/types.ts';
import { TORRENT_DEFAULTS } from '../../engine/bittorrent/torrent/options.ts';
import { SHARD_DEFAULTS, Shard } from '../../engine/bittorrent/torrent/shard.ts';
import { InlineHashService } from '../../engine/kernels/hash-service.ts';
import { Slab } from '../../engine/kernels/slab.ts';
import { createRealRuntime } from '../../engine/runtime/real/runtime.ts';
import { CopyCounter } from './support/copy-counter.ts';
import { type MadeTorrent, makeTorrent } from './support/make-torrent.ts';

const test = suite('zero copy');

const COPIES_PER_BYTE_MAX = 0.05;
const PAYLOAD_BYTES = 24 * 1024 * 1024;

interface Side {
  readonly shard: Shard;
  readonly slab: Slab;
  readonly root: string;
  readonly runtime: ReturnType<typeof createRealRuntime>;
  readonly done: Promise<void>;
  readonly torrent: ReturnType<Shard['add']>;
}

function side(made: MadeTorrent, id: string, encryption: EncryptionMode, have?: Bitfield): Side {
  const runtime = createRealRuntime();
  const slab = new Slab({ slotCount: 4096, threadCountMax: 1 });
  const hashes = new InlineHashService({}, { slab });
  const peerId = Uint8Array.from(Buffer.from(`-AL0000-${id.padEnd(12, '0')}`));
  const shard = new Shard({ ...SHARD_DEFAULTS, encryption, peerId }, { runtime, slab, hashes });
  const root = mkdtempSync(join(tmpdir(), 'allium-zero-copy-'));
  let finish = (): void => {};
  const done = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const torrent = shard.add(
    { ...TORRENT_DEFAULTS, root, ...(have === undefined ? {} : { have }) },
    made.metainfo,
    { onDone: () => finish() },
  );
  return { shard, slab, root, runtime, done, torrent };
}

for (const encryption of ['off', 'require'] as const) {
  test(`encryption ${encryption}: seeding and downloading copy less than 0.05 bytes per byte of payload`, async () => {
    const made = makeTorrent({ name: 'payload', pieceLength: 1 << 20, fileBytes: [PAYLOAD_BYTES] });
    const seeder = side(made, 'seeder', encryption, Bitfield.full(made.metainfo.pieceCount));
    const leecher = side(made, 'leecher', encryption);
    const counter = new CopyCounter();
    try {
      await seeder.runtime.files.writeFile(join(seeder.root, 'payload'), made.content.get('payload')!);
      const at = await seeder.shard.listen({ host: '127.0.0.1', port: 0 });
      seeder.torrent.start();
      counter.start();
      leecher.torrent.start();
      leecher.torrent.addCandidates([at]);
      await leecher.done;
      counter.stop();
      const found = await leecher.runtime.files.readFile(join(leecher.root, 'payload'), PAYLOAD_BYTES);
      assert.is(Buffer.compare(found, made.content.get('payload')!), 0);
      assert.is(leecher.shard.memory.stats.payloadBytes, PAYLOAD_BYTES);
      assert.is(leecher.shard.encryption.stats.encrypted, encryption === 'off' ? 0 : 1);
      const copiedOutside = leecher.runtime.stats.bytesCopied + seeder.runtime.stats.bytesCopied;
      const perByte = (counter.bytes + copiedOutside) / PAYLOAD_BYTES;
      assert.ok(perByte > 0, 'the counter counts');
      assert.ok(perByte < COPIES_PER_BYTE_MAX, `${perByte.toFixed(4)} bytes copied per byte`);
      console.log(`both paths together: ${perByte.toFixed(4)} bytes copied per byte of payload`);
    } finally {
      counter.stop();
      await leecher.shard.close();
      await seeder.shard.close();
      for (const { root } of [seeder, leecher]) rmSync(root, { recursive: true, force: true });
    }
  });
}

test('a path that copies fails the same measure', () => {
  const counter = new CopyCounter();
  counter.start();
  const bytes = new Uint8Array(1000);
  new Uint8Array(1000).set(bytes);
  bytes.slice(0, 100);
  Buffer.from(bytes).copy(Buffer.alloc(1000));
  counter.stop();
  assert.is(counter.bytes, 1000 + 100 + 1000 + 1000);
});

test.run();
