import { runCommand } from '../../support/command.ts';
import { Daemon, doneAt, lastLines } from '../../support/daemon.ts';
import { freePort } from '../ports.ts';
import type { Leecher, Verifier } from './program.ts';

const DOWNLOAD_MS = 120_000;
const facts = { name: 'aria2', side: 'rival', setting: '' } as const;

/** Alone on loopback, without limits and without a word to the outside. */
const QUIET = [
  ...['--no-conf=true', '--enable-dht=false', '--enable-dht6=false', '--bt-enable-lpd=false'],
  ...['--enable-peer-exchange=false', '--disable-ipv6=true', '--interface=127.0.0.1', '--bt-max-peers=0'],
  ...['--bt-exclude-tracker=*', '--bt-min-crypto-level=plain', '--bt-require-crypto=false'],
  ...['--max-overall-upload-limit=0', '--max-overall-download-limit=0', '--file-allocation=none'],
  ...['--summary-interval=0', '--show-console-readout=false', '--console-log-level=notice'],
];

export function aria2Verifier(path: string): Verifier {
  return {
    ...facts,
    // It takes another info-hash for that of a hybrid torrent, and knows no v2.
    versions: ['v1'],
    startupIncluded: true,
    async verify(torrent) {
      const words = [`--listen-port=${await freePort()}`, `--dir=${torrent.payload.folder}`, '--seed-time=0'];
      const checks = ['--check-integrity=true', '--hash-check-only=true', '--auto-save-interval=0'];
      const cost = await runCommand(path, [...QUIET, ...words, ...checks, torrent.path]);
      if (cost.code !== 0) throw new Error(lastLines(cost.output));
      return cost;
    },
  };
}

export function aria2Leecher(path: string): Leecher {
  return {
    ...facts,
    async start(torrent, port, folder) {
      const words = [`--listen-port=${port}`, `--dir=${folder}`, '--seed-ratio=0.0', '--disk-cache=64M'];
      // It says nothing when it has everything and goes on seeding, but calls a program: “GID 1 PATH”.
      const more = ['--bt-request-peer-speed-limit=1000M', '--on-bt-download-complete=/bin/echo'];
      const daemon = new Daemon(path, [...QUIET, ...words, ...more, torrent.path]);
      const done = doneAt(daemon, (line) => /^[0-9a-f]{16} \d+ /.test(line), DOWNLOAD_MS);
      return { daemon, done };
    },
  };
}
