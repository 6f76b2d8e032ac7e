import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Daemon, until } from '../../support/daemon.ts';
import { treeCpuSeconds, treeMemory } from '../../support/proc.ts';
import { freePort, listening } from '../ports.ts';
import type { Verifier } from './program.ts';

const START_MS = 30_000;
const VERIFY_MS = 60_000;
const POLL_MS = 30;
/** transmission-rpc: check waiting, checking. */
const CHECKING: readonly number[] = [1, 2];

interface TorrentStatus {
  readonly status: number;
  readonly percentDone: number;
}

export function transmissionVerifier(path: string): Verifier {
  return {
    ...{ name: 'transmission', side: 'rival', setting: '' },
    // Version 3 cannot read the others.
    versions: ['v1'],
    // The daemon runs already when the torrent is added to it.
    startupIncluded: false,
    async verify(torrent, scratch) {
      const rpcPort = await freePort();
      writeSettings(scratch, rpcPort, await freePort(), torrent.payload.folder);
      const daemon = new Daemon(path, ['--foreground', '--config-dir', scratch]);
      try {
        await listening(rpcPort, START_MS);
        const rpc = new Rpc(rpcPort);
        const metainfo = readFileSync(torrent.path).toString('base64');
        await rpc.ask('torrent-get', { fields: ['status'] });
        const before = treeCpuSeconds(daemon.pid);
        const beganMs = performance.now();
        await rpc.ask('torrent-add', { metainfo, 'download-dir': torrent.payload.folder, paused: true });
        const end = await until('transmission has checked', () => checked(rpc), {
          timeoutMs: VERIFY_MS,
          everyMs: POLL_MS,
        });
        const seconds = (performance.now() - beganMs) / 1000;
        if (end.percentDone < 1) throw new Error('transmission found damage');
        const cpuSeconds = treeCpuSeconds(daemon.pid) - before;
        return { seconds, cpuSeconds, peakBytes: treeMemory(daemon.pid).peakBytes };
      } finally {
        await daemon.stop();
      }
    },
  };
}

async function checked(rpc: Rpc): Promise<TorrentStatus | undefined> {
  const { torrents } = await rpc.ask<{ torrents: readonly TorrentStatus[] }>('torrent-get', {
    fields: ['status', 'percentDone'],
  });
  const first = torrents[0];
  return first !== undefined && !CHECKING.includes(first.status) ? first : undefined;
}

function writeSettings(folder: string, rpcPort: number, peerPort: number, downloads: string): void {
  mkdirSync(folder, { recursive: true });
  const settings = {
    'bind-address-ipv4': '127.0.0.1',
    'bind-address-ipv6': '::1',
    'cache-size-mb': 64,
    'dht-enabled': false,
    'download-dir': downloads,
    'download-queue-enabled': false,
    'lpd-enabled': false,
    'message-level': 1,
    'peer-port': peerPort,
    'pex-enabled': false,
    'port-forwarding-enabled': false,
    'rpc-authentication-required': false,
    'rpc-bind-address': '127.0.0.1',
    'rpc-enabled': true,
    'rpc-host-whitelist-enabled': false,
    'rpc-port': rpcPort,
    'rpc-whitelist': '127.0.0.1',
    'utp-enabled': false,
  };
  writeFileSync(join(folder, 'settings.json'), JSON.stringify(settings));
}

/** Its RPC wants a session id, which it hands out with the first refusal. */
class Rpc {
  readonly #url: string;
  #session = '';

  constructor(port: number) {
    this.#url = `http://127.0.0.1:${port}/transmission/rpc`;
  }

  async ask<T>(method: string, words: Readonly<Record<string, unknown>>): Promise<T> {
    const body = JSON.stringify({ method, arguments: words });
    const send = (): Promise<Response> =>
      fetch(this.#url, { method: 'POST', body, headers: { 'X-Transmission-Session-Id': this.#session } });
    let answer = await send();
    if (answer.status === 409) {
      this.#session = answer.headers.get('X-Transmission-Session-Id') ?? '';
      answer = await send();
    }
    const { result, arguments: value } = (await answer.json()) as { result: string; arguments: T };
    if (result !== 'success') throw new Error(`transmission says: ${result}`);
    return value;
  }
}
