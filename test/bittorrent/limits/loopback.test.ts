// Aim: over real sockets of the loopback a limit holds within 5 % over ten seconds, up and down, over TCP and uTP, plain
// and encrypted. All at the same time, in one process.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { EncryptionMode } from '../../../engine/bittorrent/mse/types.ts';
import type { TransportName } from '../../../engine/bittorrent/transport/transport.ts';
import { makeTorrent } from '../support/make-torrent.ts';
import { type RealPeer, startRealPeer } from '../support/real-peer.ts';

const test = suite('rate limits over the loopback');
const made = makeTorrent({ name: 'payload', pieceLength: 262_144, fileBytes: [20_000_000] });

interface Case {
  readonly transport: TransportName;
  readonly encryption: EncryptionMode;
  /** Whose limit it is: of the one that gives or the one that takes. */
  readonly side: 'up' | 'down';
  readonly limit: number;
}

const cases: readonly Case[] = [
  { transport: 'tcp', encryption: 'off', side: 'up', limit: 1_000_000 },
  { transport: 'tcp', encryption: 'off', side: 'down', limit: 1_000_000 },
  { transport: 'tcp', encryption: 'require', side: 'up', limit: 400_000 },
  { transport: 'tcp', encryption: 'require', side: 'down', limit: 400_000 },
  { transport: 'utp', encryption: 'off', side: 'up', limit: 500_000 },
  { transport: 'utp', encryption: 'require', side: 'down', limit: 500_000 },
];

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Bytes per second over ten of them, of two peers that one torrent is exchanged with. */
async function measure({ transport, encryption, side, limit }: Case): Promise<number> {
  const peers: RealPeer[] = [];
  for (const seeder of side === 'up' ? [true, false, false] : [false, true, true])
    peers.push(await startRealPeer(made, { seeder, transport, encryption }));
  const [limited, ...others] = peers as [RealPeer, RealPeer, RealPeer];
  const { torrent, runtime } = limited;
  torrent.limits.set({ downLimit: side === 'down' ? limit : 0, upLimit: side === 'up' ? limit : 0 });
  if (side === 'down') torrent.addCandidates(others.map(({ at }) => at));
  else for (const other of others) other.torrent.addCandidates([limited.at]);
  const bytes = () => (side === 'up' ? torrent.upRate : torrent.downRate).totalBytes;
  try {
    while (bytes() === 0) await sleep(50);
    await sleep(500);
    const [beforeBytes, beforeMs] = [bytes(), runtime.clock.now()];
    await sleep(10_000);
    return ((bytes() - beforeBytes) * 1000) / (runtime.clock.now() - beforeMs);
  } finally {
    await Promise.all(peers.map((peer) => peer.close()));
    await sleep(300); // sockets let go of their slots a little later
    for (const { slab } of peers) slab.assertAllReturned();
  }
}

test('limits hold within 5 %', async () => {
  const rates = await Promise.all(cases.map((one) => measure(one)));
  for (const [index, { transport, encryption, side, limit }] of cases.entries()) {
    const off = (rates[index]! - limit) / limit;
    const what = `${side} over ${transport}, encryption ${encryption}`;
    console.log(`${what}: ${(off * 100).toFixed(2)} % off ${limit} bytes/s`);
    assert.ok(Math.abs(off) < 0.05, what);
  }
});

test.run();
