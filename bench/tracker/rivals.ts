import { spawnSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PROJECT_ROOT } from '../peers/native.ts';
import { Daemon } from '../support/daemon.ts';
import { findProgram } from '../support/programs.ts';

/** One that answers announces on a port of 127.0.0.1. */
export interface Rival {
  readonly name: string;
  /** Answers over HTTP with keep-alive. */
  readonly hasHttp: boolean;
  start(port: number): Promise<Daemon>;
}

const READY_MS = 15_000;
const MAIN = join(PROJECT_ROOT, 'dist', 'allium', 'bin', 'main.js');
const ECHO = fileURLToPath(new URL('./echo-server.js', import.meta.url));

/** The bare echo first, then those that are installed. `load`: the compiled load; `folder`: scratch that others may read. */
export function findRivals(load: string, folder: string, torrents: number): readonly Rival[] {
  const rivals: Rival[] = [bareNode(), allium()];
  const opentracker = findProgram('opentracker');
  if (opentracker !== undefined) rivals.push(openTracker(opentracker, load, folder, torrents));
  const npm = process.env.ALLIUM_BENCH_BITTORRENT_TRACKER;
  if (npm !== undefined) rivals.push(npmTracker(npm, folder));
  return rivals;
}

function bareNode(): Rival {
  return {
    name: 'bare Node',
    hasHttp: true,
    start: (port) => ready(process.execPath, [ECHO, String(port)], 'ready'),
  };
}

function allium(): Rival {
  const words = (port: number): string[] => [
    ...[MAIN, 'tracker', '--host', '127.0.0.1', '--port', String(port), '--rate', '0'],
    ...['--torrents', '200000', '--peers', '8000000'],
  ];
  return { name: 'Allium', hasHttp: true, start: (port) => ready(process.execPath, words(port), 'UDP at') };
}

/** Debian's answers only for torrents of a list. */
function openTracker(path: string, load: string, folder: string, torrents: number): Rival {
  const { stdout } = spawnSync(load, ['mode=hashes', `torrents=${torrents}`], { maxBuffer: 1 << 28 });
  chmodSync(folder, 0o755);
  writeFileSync(join(folder, 'list'), stdout, { mode: 0o644 });
  return {
    name: 'opentracker',
    // It closes each connection.
    hasHttp: false,
    async start(port) {
      const daemon = new Daemon(path, [
        ...[
          '-i',
          '127.0.0.1',
          '-p',
          String(port),
          '-P',
          String(port),
          '-d',
          folder,
          '-w',
          'list',
          '-u',
          'nobody',
        ],
      ]);
      for (let left = 100; left > 0; left--) {
        const answer = await fetch(`http://127.0.0.1:${port}/stats`).catch(() => undefined);
        if (answer !== undefined) return daemon;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      throw new Error(`opentracker does not answer: ${daemon.output}`);
    },
  };
}

/** `folder`: where npm put it. */
function npmTracker(modules: string, folder: string): Rival {
  const script = join(folder, 'npm-tracker.mjs');
  const source = `import { Server } from ${JSON.stringify(join(modules, 'node_modules', 'bittorrent-tracker', 'index.js'))};
const server = new Server({ udp: true, http: true, ws: false, stats: false });
server.on('error', () => {});
server.on('warning', () => {});
server.listen(Number(process.argv[2]), '127.0.0.1', () => console.log('ready'));
`;
  writeFileSync(script, source);
  return {
    name: 'bittorrent-tracker',
    hasHttp: true,
    start: (port) => ready(process.execPath, [script, String(port)], 'ready'),
  };
}

async function ready(path: string, words: readonly string[], sign: string): Promise<Daemon> {
  const daemon = new Daemon(path, words);
  await daemon.line((line) => line.includes(sign), READY_MS);
  return daemon;
}
