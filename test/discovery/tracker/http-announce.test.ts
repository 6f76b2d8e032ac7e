// Aim: over real HTTP the tracker gets exactly the bytes of the info-hash, and answers, refusals, redirects, silence and
// endless bodies of a real server become peers or errors that name no secret.
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeBencode } from '../../../engine/codec/bencode.ts';
import { AlliumError } from '../../../engine/codec/error.ts';
import { Announcer } from '../../../engine/discovery/tracker/announcer.ts';
import { ANSWER_BYTES_MAX, hostOf, httpAnnounce } from '../../../engine/discovery/tracker/http-announce.ts';
import { createTrackerTransports } from '../../../engine/discovery/tracker/transports.ts';
import type { AnnounceRequest } from '../../../engine/discovery/tracker/types.ts';
import { createRealRuntime } from '../../../engine/runtime/real/runtime.ts';

const test = suite('http announce');
const runtime = createRealRuntime();
const announce = httpAnnounce(runtime.network);
const peers = Uint8Array.of(127, 0, 0, 1, 0x1a, 0xe1);
const request: AnnounceRequest = {
  infoHash: Uint8Array.from({ length: 20 }, (_, index) => (index * 37 + 200) & 0xff),
  peerId: new TextEncoder().encode('-AL0001-abcdefghijkl'),
  port: 6881,
  uploaded: 0,
  downloaded: 0,
  left: 1,
  event: 'started',
  peersWanted: 10,
  key: 1,
};

async function withServer(listener: RequestListener, use: (url: string) => Promise<void>): Promise<void> {
  const server: Server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}/secretpass/announce`);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

async function failure(url: string, timeoutMs = 2000): Promise<AlliumError> {
  try {
    await announce(url, request, timeoutMs);
  } catch (error) {
    if (!(error instanceof AlliumError)) throw error;
    assert.not.match(error.message, 'secretpass');
    return error;
  }
  throw new Error('it went well');
}

test('the info-hash arrives byte for byte', async () => {
  let seen = '';
  let agent: string | undefined;
  await withServer(
    (incoming, response) => {
      seen = incoming.url ?? '';
      agent = incoming.headers['user-agent'];
      response.end(encodeBencode({ interval: 60, peers }));
    },
    async (url) => {
      assert.equal((await announce(url, request, 2000)).peers, [{ host: '127.0.0.1', port: 6881 }]);
    },
  );
  const encoded = /[?&]info_hash=([^&]*)/.exec(seen)?.[1] ?? '';
  const bytes = encoded.replaceAll(/%(..)/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  assert.equal(new Uint8Array(Buffer.from(bytes, 'latin1')), request.infoHash);
  assert.match(agent ?? '', /^Allium\//);
});

test('a refusal is understood, also under an HTTP error', async () => {
  for (const status of [200, 400]) {
    await withServer(
      (_, response) => {
        response.statusCode = status;
        response.end(encodeBencode({ 'failure reason': 'unregistered torrent' }));
      },
      async (url) => {
        const error = await failure(url);
        assert.is(error.code, 'TRACKER_FAILED');
        assert.is(error.details.reason, 'unregistered torrent');
        assert.ok(error.advice.length > 0);
      },
    );
  }
});

test('a web page, or an HTTP error without a reason, is a tracker out of order', async () => {
  await withServer(
    (_, response) => response.end('<html>hello</html>'),
    async (url) => assert.is((await failure(url)).code, 'TRACKER_FAILED'),
  );
  await withServer(
    (_, response) => {
      response.statusCode = 503;
      response.end(encodeBencode({ interval: 60, peers }));
    },
    async (url) => assert.match((await failure(url)).message, '503'),
  );
});

test('silence and endless answers end', async () => {
  await withServer(
    () => {},
    async (url) => assert.is((await failure(url, 100)).code, 'NETWORK_FAILED'),
  );
  await withServer(
    (_, response) => {
      const more = (): boolean => response.write(Buffer.alloc(65536));
      response.on('drain', more);
      while (more());
    },
    async (url) => assert.match((await failure(url)).message, String(ANSWER_BYTES_MAX)),
  );
});

test('nobody there', async () => {
  let free = '';
  await withServer(
    () => {},
    async (url) => {
      free = url;
    },
  );
  assert.is((await failure(free)).code, 'NETWORK_FAILED');
});

test('a whole life over real HTTP: started, completed, stopped', async () => {
  const story: (string | null)[] = [];
  await withServer(
    (incoming, response) => {
      story.push(new URL(incoming.url ?? '', 'http://x').searchParams.get('event'));
      response.end(encodeBencode({ interval: 1, peers }));
    },
    async (url) => {
      let found: () => void = () => {};
      const peer = new Promise<void>((resolve) => {
        found = resolve;
      });
      const announcer = new Announcer(
        {
          tiers: [[url]],
          infoHash: request.infoHash,
          peerId: request.peerId,
          port: 1,
          intervalMinMs: 20,
          intervalDefaultMs: 20,
        },
        {
          runtime,
          transports: createTrackerTransports(runtime).announce,
          totals: () => ({ uploaded: 0, downloaded: 0, left: 0 }),
          onPeers: () => found(),
        },
      );
      announcer.start();
      // The runtime's timers keep no process alive.
      const alive = setInterval(() => {}, 1000);
      await peer;
      announcer.completed();
      while (!story.includes('completed')) await new Promise((resolve) => setTimeout(resolve, 5));
      await announcer.stop();
      clearInterval(alive);
    },
  );
  assert.is(story[0], 'started');
  assert.is(story.filter((event) => event === 'completed').length, 1);
  assert.is(story.at(-1), 'stopped');
});

test('only the host of a tracker is ever named', () => {
  assert.is(hostOf('http://t.test:80/secret/announce?passkey=x'), 't.test');
  assert.is(hostOf('no url'), 'unknown');
});

test.run();
