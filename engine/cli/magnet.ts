import type { Command } from 'commander';
import type { Endpoint } from '../runtime/port.ts';
import { EXIT, type ExitCode } from './support/exit-code.ts';
import { addExamples } from './support/help.ts';
import { endpointValue } from './support/option-values.ts';
import { writeJson, writeOut } from './support/output.ts';
import { runCommand } from './support/run-command.ts';

interface MagnetWords {
  readonly peer?: readonly Endpoint[];
  readonly files?: string;
  readonly trackers: boolean;
  readonly json?: true;
}

/** `allium magnet`: the magnet link of a torrent file. */
export function registerMagnet(program: Command): void {
  const command = program
    .command('magnet')
    .summary('print the magnet link of a torrent file')
    .description(
      'Print the magnet link of a torrent file: its info-hashes, name, length, trackers and web seeds. With a link in ' +
        'place of a file, print what it says in its shortest form.',
    )
    .argument('<torrent>', 'a torrent file, or a magnet link')
    .option('--peer <host:port>', 'add a peer to the link; may be given several times', endpointValue)
    .option('--files <numbers>', 'want these files only, counted from 0: 0,2,4-6')
    .option('--no-trackers', 'leave the trackers out')
    .option('--json', 'print the link and its parts as JSON');
  addExamples(command, [
    ['magnet debian.torrent', 'A link to give to others'],
    ['magnet big.torrent --peer 192.0.2.7:6881 --no-trackers', 'A link that needs no tracker'],
  ]);
  command.action((torrent: string, words: MagnetWords) =>
    runCommand({ name: 'magnet', json: words.json === true }, () => magnet(torrent, words)),
  );
}

async function magnet(torrent: string, words: MagnetWords): Promise<ExitCode> {
  const { encodeMagnet, magnetOf } = await import('../bittorrent/magnet/encode.ts');
  const { isMagnetLink, parseMagnet } = await import('../bittorrent/magnet/parse.ts');
  const { fileSpansOf } = await import('./support/file-spans.ts');
  const { loadTorrent } = await import('../node/load-torrent.ts');
  const { createRealFiles } = await import('../runtime/real/files.ts');
  const { hex } = await import('../codec/hex.ts');
  const parts = isMagnetLink(torrent)
    ? parseMagnet(torrent)
    : magnetOf(await loadTorrent(torrent, createRealFiles()));
  const files = fileSpansOf(words.files) ?? parts.files;
  const peers = [...parts.peers, ...(words.peer ?? [])];
  const full = { ...parts, files, peers, trackers: words.trackers ? parts.trackers : [] };
  const link = encodeMagnet(full);
  if (words.json !== true) {
    writeOut(`${link}\n`);
    return EXIT.done;
  }
  const { infoHashV1, infoHashV2, mutable, name, byteLength, trackers, webSeeds, torrentUrls } = full;
  writeJson({
    magnet: link,
    infoHashV1: infoHashV1 === undefined ? null : hex(infoHashV1),
    infoHashV2: infoHashV2 === undefined ? null : hex(infoHashV2),
    publicKey: mutable === undefined ? null : hex(mutable.publicKey),
    salt: mutable === undefined ? null : hex(mutable.salt),
    name: name ?? null,
    byteLength: byteLength ?? null,
    ...{ trackers, webSeeds, peers, torrentUrls },
    files: files ?? null,
  });
  return EXIT.done;
}
