/**
 * Aim: a relay keeps what a cache keeps, believes no document that the authorities have not signed, comes through
 * authorities that are gone or answer rubbish, and serves what it has over BEGIN_DIR.
 */
import { createServer, type Server } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { askDirectory } from '../../../engine/node/relay/directory-exchange.ts';
import { type DirectoryCounts, directoryHandler } from '../../../engine/node/relay/directory-handler.ts';
import { type AskAuthority, DirectoryMirror } from '../../../engine/node/relay/directory-mirror.ts';
import type { DirectoryAnswer } from '../../../engine/onion/directory/directory-answer.ts';
import { DirectoryAnswerReader } from '../../../engine/onion/directory/directory-answer.ts';
import { encodeDirectoryRequest } from '../../../engine/onion/directory/directory-request.ts';
import { failure, success } from '../../../engine/onion/directory/result.ts';
import { DirectoryStore } from '../../../engine/onion/directory/store.ts';
import { createRealRuntime } from '../../../engine/runtime/real/runtime.ts';
import { seededRandom } from '../../bittorrent/support/seeded-random.ts';
import { altered, authorities, fixture, NOW_MS } from '../../onion/directory/support.ts';
import { keptLog } from './support/log.ts';
import { ManualClock } from './support/manual-clock.ts';

const directory = suite('directory of a relay');
const runtime = createRealRuntime();
const RETRY = { retryMinMs: 1_000, retryMaxMs: 8_000 };

const answerOf = (body: Uint8Array, status = 200): DirectoryAnswer => ({
  status,
  reason: status === 200 ? 'OK' : 'Not found',
  body,
  dateMs: undefined,
  yourAddress: undefined,
  isNotNew: false,
});

/** What the authorities of the fixtures would answer. */
function honest(path: string): DirectoryAnswer {
  if (path.includes('/consensus-microdesc')) return answerOf(fixture('consensus-microdesc'));
  if (path.includes('/consensus')) return answerOf(fixture('consensus-ns'));
  if (path.includes('/keys/')) return answerOf(fixture('certificates'));
  if (path.includes('/micro/')) return answerOf(fixture('microdescriptors'));
  if (path.includes('/server/')) return answerOf(fixture('descriptors'));
  return answerOf(new Uint8Array(0), 404);
}

function mirror(ask: (host: string, port: number, path: string) => DirectoryAnswer | undefined) {
  const [clock, log, store] = [new ManualClock(NOW_MS), keptLog(), new DirectoryStore()];
  const asked: string[] = [];
  const seen: number[] = [];
  const asking: AskAuthority = ({ host, dirPort: port }, { path }) => {
    asked.push(path);
    const answer = ask(host, port, path);
    return Promise.resolve(answer === undefined ? failure('it cannot be reached') : success(answer));
  };
  const made = new DirectoryMirror(
    { authorities, ...RETRY },
    {
      ...{ store, ask: asking, clock, random: seededRandom(1), log },
      onConsensus: (consensus) => seen.push(consensus.routers.length),
    },
  );
  return { made, clock, log, store, asked, seen };
}

directory('fills itself: consensuses, certificates, microdescriptors, descriptors', async () => {
  const { made, store, seen, asked } = mirror((_host, _port, path) => honest(path));
  // The fixtures hold the server descriptors of two relays only: the others are missing for good.
  assert.is(await made.round(), false);
  const routers = store.consensus('microdesc')?.consensus.routers.length ?? 0;
  assert.ok(routers > 0);
  assert.equal(seen, [routers]);
  assert.ok(store.consensus('ns') !== undefined);
  assert.is(store.missingMicrodescriptors().length, 0);
  assert.is(store.certificates.length, authorities.length);
  const count = asked.length;
  await made.round();
  const again = asked.slice(count);
  assert.is(
    again.filter((path) => !path.includes('/tor/server/d/')).length,
    0,
    'asks for what is missing only',
  );
});

directory('goes to the next authority when one is gone or answers rubbish', async () => {
  const [gone, odd] = authorities;
  const { made, store } = mirror((_host, port, path) => {
    if (port === gone?.dirPort) return undefined;
    return port === odd?.dirPort ? answerOf(new Uint8Array(0), 404) : honest(path);
  });
  await made.round();
  assert.ok(store.consensus('ns') !== undefined && store.consensus('microdesc') !== undefined);
  assert.is(store.missingMicrodescriptors().length, 0);
});

directory('believes nothing that was tampered with, and says why', async () => {
  const forged = altered('consensus-microdesc', 'Bandwidth=52 ', 'Bandwidth=53 ');
  const { made, store, log, seen } = mirror((_host, _port, path) =>
    path.includes('/consensus-microdesc') ? answerOf(forged) : honest(path),
  );
  assert.is(await made.round(), false);
  assert.is(store.consensus('microdesc'), undefined);
  assert.equal(seen, []);
  assert.match(log.said.join('\n'), /0 good signatures of 3/);
});

directory('keeps what it has when no authority answers, and tries again with growing pauses', async () => {
  let isUp = true;
  const { made, store, clock, asked } = mirror((_host, _port, path) => (isUp ? honest(path) : undefined));
  await made.round();
  isUp = false;
  clock.advance(3_600_000);
  assert.is(await made.round(), false);
  assert.ok(store.consensus('microdesc') !== undefined);
  const before = asked.length;
  made.start();
  const settled = async (): Promise<void> => {
    for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
  };
  const rounds: number[] = [];
  for (let second = 0; second < 60; second += 1) {
    const count = asked.length;
    clock.advance(1000);
    await settled();
    if (asked.length > count) rounds.push(second);
  }
  made.stop();
  assert.ok(asked.length > before);
  const pauses = rounds.slice(1).map((second, index) => second - (rounds[index] ?? 0));
  assert.ok(Math.max(...pauses) >= 6 && Math.max(...pauses) <= 10, `${pauses}`);
  assert.ok(rounds.length < 16, `${rounds}`);
});

directory('answers over BEGIN_DIR as soon as the request is whole, and never fails', async () => {
  const { made, store } = mirror((_host, _port, path) => honest(path));
  await made.round();
  const counts: DirectoryCounts = { 200: 0, 304: 0, 400: 0, 404: 0, 503: 0 };
  const handler = directoryHandler({ store, clock: new ManualClock(NOW_MS), counts });
  const path = '/tor/status-vote/current/consensus-microdesc';
  const request = encodeDirectoryRequest({ method: 'GET', path, acceptEncoding: 'identity' }, '127.0.0.1');
  assert.is(handler(request.subarray(0, request.length - 1), undefined), undefined);
  const answer = await handler(request, undefined);
  const reader = new DirectoryAnswerReader({ bodyBytesMax: 1_000_000 });
  const pushed = reader.push(answer ?? new Uint8Array(0));
  assert.is(pushed.ok && pushed.value, 'done');
  const read = reader.finish();
  assert.equal(read.ok && Buffer.from(read.value.body), Buffer.from(fixture('consensus-microdesc')));
  const text = async (bytes: string): Promise<string> =>
    Buffer.from((await handler(Buffer.from(bytes, 'latin1'), undefined)) ?? []).toString('latin1');
  assert.match(await text('GET /tor/nothing HTTP/1.0\r\n\r\n'), /^HTTP\/1\.0 404 /);
  assert.match(await text('FROG\r\n\r\n'), /^HTTP\/1\.0 400 /);
  assert.match(await text('POST /tor/ HTTP/1.0\r\nContent-Length: 99999999\r\n\r\n'), /^HTTP\/1\.0 400 /);
  assert.equal(counts, { 200: 1, 304: 0, 400: 2, 404: 1, 503: 0 });
});

async function served(answer: (write: (text: string) => void, end: () => void) => void): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () =>
      answer(
        (text) => socket.write(text),
        () => socket.end(),
      ),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

async function ask(server: Server, limits: { timeoutMs: number; bodyBytesMax: number }) {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  try {
    return await askDirectory(
      { host: '127.0.0.1', port },
      { method: 'GET', path: '/tor/x' },
      limits,
      runtime,
    );
  } finally {
    server.close();
  }
}

directory(
  'an exchange brings the answer with or without its length, and every failure as a sentence',
  async () => {
    const limits = { timeoutMs: 2_000, bodyBytesMax: 1000 };
    const plain = await ask(
      await served((write, end) => {
        write('HTTP/1.0 200 OK\r\n\r\nabc');
        end();
      }),
      limits,
    );
    assert.is(plain.ok && Buffer.from(plain.value.body).toString(), 'abc');
    const open = await ask(
      await served((write) => write('HTTP/1.0 400 No good\r\nContent-Length: 2\r\n\r\nxy')),
      limits,
    );
    assert.is(open.ok && `${open.value.status} ${open.value.reason}`, '400 No good');
    const long = await ask(
      await served((write) => write(`HTTP/1.0 200 OK\r\n\r\n${'x'.repeat(40_000)}`)),
      limits,
    );
    assert.match(long.ok ? '' : long.reason, 'longer than 1000 bytes');
    const cut = await ask(await served((_write, end) => end()), limits);
    assert.match(cut.ok ? '' : cut.reason, 'before it answered');
    const silent = await ask(await served(() => {}), { ...limits, timeoutMs: 100 });
    assert.match(silent.ok ? '' : silent.reason, 'did not answer within');
    const nobody = await askDirectory(
      { host: '127.0.0.1', port: 1 },
      { method: 'GET', path: '/' },
      limits,
      runtime,
    );
    assert.match(nobody.ok ? '' : nobody.reason, /cannot be reached \(ECONNREFUSED\)/);
  },
);

directory.run();
