/**
 * How long a remote control waits for a delta when 1 % of very many torrents have changed: `recently_active` of
 * Transmission and `sync/maindata` of qBittorrent, over loopback, from a thread of its own. Run it with
 * `node dist/bench/node/poll.js [TORRENTS] [POLLS]`; prints one line of JSON for each protocol.
 */
import { request } from 'node:http';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { REMOTE_DEFAULTS } from '../../engine/node/remote/options.ts';
import { qbittorrentMounts } from '../../engine/node/remote/qbittorrent/mount.ts';
import { RemoteServer } from '../../engine/node/remote/server.ts';
import { transmissionMount } from '../../engine/node/remote/transmission/mount.ts';
import { FakeControl } from '../../test/node/control/fake-control.ts';
import { median } from '../support/statistics.ts';

const TORRENTS = 100_000;
const POLLS = 100;
const CHANGED_SHARE = 0.01;
const WARM_UP = 10;
/** What Transmission's own page asks for again and again. */
const FIELDS: readonly string[] = [
  ...[
    'id',
    'error',
    'errorString',
    'eta',
    'isFinished',
    'isStalled',
    'leftUntilDone',
    'metadataPercentComplete',
  ],
  ...[
    'peersConnected',
    'peersGettingFromUs',
    'peersSendingToUs',
    'percentDone',
    'queuePosition',
    'rateDownload',
  ],
  ...['rateUpload', 'recheckProgress', 'seedRatioMode', 'seedRatioLimit', 'sizeWhenDone', 'status'],
  ...['downloadDir', 'uploadedEver', 'uploadRatio', 'webseedsSendingToUs'],
];

interface Poll {
  readonly ms: number;
  readonly bytes: number;
  readonly rid: number;
}

type Ask = { readonly kind: 'transmission' | 'qbittorrent'; readonly rid: number };

/** The thread that asks: so that what it does with the answer does not count. */
function asker(port: number): void {
  let sessionId = '';
  const agentOptions = { host: '127.0.0.1', port } as const;
  const send = (path: string, body: string): Promise<{ status: number; text: Buffer; id: string }> =>
    new Promise((resolve, reject) => {
      const asked = request(
        {
          ...agentOptions,
          path,
          method: body === '' ? 'GET' : 'POST',
          headers: { 'X-Transmission-Session-Id': sessionId, 'Content-Length': Buffer.byteLength(body) },
        },
        (answer) => {
          const chunks: Buffer[] = [];
          answer.on('data', (chunk: Buffer) => chunks.push(chunk));
          answer.on('end', () => {
            const id = answer.headers['x-transmission-session-id'];
            resolve({
              status: answer.statusCode ?? 0,
              text: Buffer.concat(chunks),
              id: typeof id === 'string' ? id : '',
            });
          });
        },
      );
      asked.on('error', reject);
      asked.end(body);
    });
  parentPort?.on('message', async ({ kind, rid }: Ask) => {
    if (sessionId === '') sessionId = (await send('/transmission/rpc', '{}')).id;
    const body = JSON.stringify({
      method: 'torrent-get',
      arguments: { fields: FIELDS, ids: 'recently-active', format: 'table' },
    });
    const beganMs = performance.now();
    const { status, text } =
      kind === 'transmission'
        ? await send('/transmission/rpc', body)
        : await send(`/api/v2/sync/maindata?rid=${rid}`, '');
    const ms = performance.now() - beganMs;
    if (status !== 200) throw new Error(`${kind}: ${status} ${text.toString().slice(0, 200)}`);
    const next = Number(/"rid":(\d+)/.exec(text.toString('latin1', 0, 100))?.[1] ?? 0);
    parentPort?.postMessage({ ms, bytes: text.length, rid: next } satisfies Poll);
  });
}

async function main(): Promise<void> {
  const torrents = Number(process.argv[2] ?? TORRENTS);
  const polls = Number(process.argv[3] ?? POLLS);
  const control = new FakeControl(torrents);
  const hashes = [...control.rows.keys()];
  let clockMs = 0;
  const now = (): number => clockMs;
  const facts = { stateFolder: '', dht: true, pex: true, lsd: false, encryption: 'prefer' } as const;
  const onFault = (error: unknown): void => {
    throw error;
  };
  const modules = { control, facts, now, nowMs: now, onFault, shutDown: () => {} };
  const server = await RemoteServer.start(
    { ...REMOTE_DEFAULTS, host: '127.0.0.1', port: 0 },
    {
      mounts: [transmissionMount(modules), ...qbittorrentMounts(modules)],
      credential: undefined,
      now,
      onFault,
    },
  );
  const worker = new Worker(new URL(import.meta.url), { workerData: server.port });
  const poll = (ask: Ask): Promise<Poll> =>
    new Promise((resolve) => {
      worker.once('message', resolve);
      worker.postMessage(ask);
    });
  let next = 0;
  for (const kind of ['transmission', 'qbittorrent'] as const) {
    const taken: Poll[] = [];
    const cpuMs: number[] = [];
    let rid = kind === 'qbittorrent' ? (await poll({ kind, rid: 0 })).rid : 0;
    for (let round = 0; round < polls + WARM_UP; round++) {
      for (let count = 0; count < torrents * CHANGED_SHARE; count++) {
        next = (next + 7_919) % torrents;
        control.touch(hashes[next]!, {
          upBytesPerSec: round,
          uploadedBytes: round * 1_000,
          peerCount: round,
        });
      }
      // “Recently” is a minute.
      clockMs += 61_000;
      const before = process.cpuUsage();
      const done = await poll({ kind, rid });
      const { user, system } = process.cpuUsage(before);
      rid = done.rid;
      if (round < WARM_UP) continue;
      taken.push(done);
      cpuMs.push((user + system) / 1000);
    }
    const ms = taken.map((done) => done.ms).sort((a, b) => a - b);
    const at = (share: number): number =>
      Number(ms[Math.min(ms.length - 1, Math.floor(ms.length * share))]?.toFixed(1));
    const bytes = Math.round(taken.reduce((sum, done) => sum + done.bytes, 0) / taken.length);
    // Of both threads: what is left to compare by on a machine that does other things too.
    const cpu = Number(median(cpuMs).toFixed(1));
    const line = { kind, torrents, changed: torrents * CHANGED_SHARE, polls, bytes, cpuMs: cpu };
    process.stdout.write(`${JSON.stringify({ ...line, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) })}\n`);
  }
  await worker.terminate();
  await server.close();
}

if (isMainThread) await main();
else asker(workerData as number);
