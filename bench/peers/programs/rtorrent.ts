import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Daemon, lastLines, until } from '../../support/daemon.ts';
import { treeCpuSeconds, treeMemory } from '../../support/proc.ts';
import { freePort } from '../ports.ts';
import type { Torrent } from '../torrents.ts';
import type { Download, Leecher, Seeder, Verifier } from './program.ts';

const START_MS = 60_000;
const DOWNLOAD_MS = 120_000;
const POLL_MS = 10;
const ANSWER_MS = 5_000;
const facts = { name: 'rTorrent', side: 'rival', setting: 'no limits' } as const;

/** rTorrent and the socket that it answers questions on. */
interface Session {
  readonly daemon: Daemon;
  readonly socket: string;
}

export function rtorrentVerifier(path: string): Verifier {
  return {
    ...facts,
    versions: ['v1'],
    startupIncluded: true,
    async verify(torrent, scratch) {
      const beganMs = performance.now();
      const session = startSession(path, torrent, await freePort(), torrent.payload.folder, scratch);
      try {
        await complete(session, START_MS);
        const seconds = (performance.now() - beganMs) / 1000;
        const { pid } = session.daemon;
        return { seconds, cpuSeconds: treeCpuSeconds(pid), peakBytes: treeMemory(pid).peakBytes };
      } finally {
        await session.daemon.stop();
      }
    },
  };
}

export function rtorrentSeeder(path: string): Seeder {
  return {
    ...facts,
    async start(torrent, port, scratch) {
      const session = startSession(path, torrent, port, torrent.payload.folder, scratch);
      await complete(session, START_MS);
      return session.daemon;
    },
  };
}

export function rtorrentLeecher(path: string): Leecher {
  return {
    ...facts,
    async start(torrent, port, folder, scratch): Promise<Download> {
      const session = startSession(path, torrent, port, folder, scratch);
      const ready = async (): Promise<boolean> =>
        (await ask(session, 'd.is_active')) === 1 && (await ask(session, 'd.hashing')) === 0;
      await until('rTorrent is ready', ready, { timeoutMs: START_MS });
      const done = complete(session, DOWNLOAD_MS).then(() => performance.now());
      done.catch(() => {});
      return { daemon: session.daemon, done };
    },
  };
}

function startSession(
  path: string,
  torrent: Torrent,
  port: number,
  folder: string,
  scratch: string,
): Session {
  const session = join(scratch, 'session');
  mkdirSync(session, { recursive: true });
  const socket = join(scratch, 'rpc');
  const settings = {
    'system.daemon.set': 'true',
    'session.path.set': session,
    'directory.default.set': folder,
    'network.port_range.set': `${port}-${port}`,
    'network.port_random.set': 'no',
    'network.bind_address.set': '127.0.0.1',
    'network.local_address.set': '127.0.0.1',
    'network.max_open_files.set': '600',
    'network.max_open_sockets.set': '600',
    'dht.mode.set': 'disable',
    'protocol.pex.set': 'no',
    'protocol.encryption.set': 'none',
    'trackers.use_udp.set': 'no',
    'throttle.max_uploads.set': '500',
    'throttle.max_uploads.global.set': '500',
    'throttle.max_peers.normal.set': '500',
    'throttle.max_peers.seed.set': '500',
    'throttle.global_up.max_rate.set_kb': '0',
    'throttle.global_down.max_rate.set_kb': '0',
    'pieces.memory.max.set': '2048M',
    'pieces.hash.on_completion.set': 'no',
    'network.scgi.open_local': socket,
    'load.start': torrent.path,
  };
  const file = join(scratch, 'rtorrent.rc');
  writeFileSync(
    file,
    `${Object.entries(settings)
      .map(([key, value]) => `${key} = ${value}\n`)
      .join('')}`,
  );
  const env = { TERM: 'dumb', HOME: scratch };
  return { daemon: new Daemon(path, ['-n', '-o', `import=${file}`], { env }), socket };
}

async function complete(session: Session, timeoutMs: number): Promise<void> {
  const ready = async (): Promise<boolean> => {
    if (!session.daemon.running) throw new Error(`rTorrent has ended: ${lastLines(session.daemon.output)}`);
    return (await ask(session, 'd.complete')) === 1;
  };
  await until('rTorrent has everything', ready, { timeoutMs, everyMs: POLL_MS });
}

/** A number that rTorrent knows about its only torrent; undefined while it cannot tell. */
async function ask(session: Session, what: string): Promise<number | undefined> {
  const words = ['', 'main', `${what}=`].map(
    (word) => `<param><value><string>${word}</string></value></param>`,
  );
  const body = `<?xml version="1.0"?><methodCall><methodName>d.multicall2</methodName><params>${words.join('')}</params></methodCall>`;
  const answer = await scgi(session.socket, body).catch(() => '');
  const value = /<i[48]>(\d+)<\/i[48]>/.exec(answer)?.[1];
  return value === undefined ? undefined : Number(value);
}

function scgi(socketPath: string, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    let answer = '';
    socket.setEncoding('utf8').setTimeout(ANSWER_MS, () => socket.destroy(new Error('no answer')));
    socket.on('error', reject);
    socket.on('data', (chunk: string) => {
      answer += chunk;
    });
    socket.on('end', () => resolve(answer));
    const headers = `CONTENT_LENGTH\0${Buffer.byteLength(body)}\0SCGI\x001\0`;
    socket.write(`${headers.length}:${headers},${body}`);
  });
}
