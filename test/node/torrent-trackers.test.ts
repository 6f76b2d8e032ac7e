// Aim: a hybrid torrent is announced under both of its hashes, and who listens nowhere says so with a port that
// trackers take.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { AnnounceRequest } from '../../engine/discovery/tracker/types.ts';
import { TorrentTrackers } from '../../engine/node/torrent-trackers.ts';
import { createRealRuntime } from '../../engine/runtime/real/runtime.ts';

const test = suite('trackers of a torrent');

async function firstRequests(port: number): Promise<AnnounceRequest[]> {
  const requests: AnnounceRequest[] = [];
  const infoHashes = [new Uint8Array(20).fill(1), new Uint8Array(32).fill(2)];
  const trackers = new TorrentTrackers(
    { peerId: new Uint8Array(20), port, infoHashes, tiers: [['udp://t.example:1']] },
    {
      runtime: createRealRuntime(),
      transports: {
        udp: async (_url, request) => {
          requests.push(request);
          throw new Error('not there');
        },
      },
      totals: () => ({ uploaded: 0, downloaded: 0, left: 1 }),
      onPeers: () => {},
    },
  );
  trackers.start();
  for (let i = 0; i < 500 && requests.length < 2; i++) await new Promise((go) => setTimeout(go, 2));
  await trackers.stop();
  return requests;
}

test('under every hash, with the port', async () => {
  const requests = await firstRequests(6881);
  assert.equal(
    requests.map(({ port, infoHash }) => [port, infoHash.length, infoHash[0]]),
    [
      [6881, 20, 1],
      [6881, 20, 2],
    ],
  );
});

test('trackers refuse port 0, so who listens nowhere names port 1', async () => {
  assert.equal(
    (await firstRequests(0)).map(({ port }) => port),
    [1, 1],
  );
});

test.run();
