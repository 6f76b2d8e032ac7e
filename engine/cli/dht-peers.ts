import { type Command, Option } from 'commander';
import { endpointText } from '../codec/endpoint.ts';
import { formatDuration } from '../codec/units.ts';
import type { PeersFound } from '../discovery/dht/types.ts';
import {
  aborted,
  addDhtOptions,
  addTimeout,
  checkJoined,
  type DhtWords,
  deadline,
  openByWords,
} from './dht-options.ts';
import { infoHashValue } from './dht-values.ts';
import { EXIT, type ExitCode } from './support/exit-code.ts';
import { addExamples } from './support/help.ts';
import { countValue } from './support/option-values.ts';
import { writeErr, writeJson, writeOut } from './support/output.ts';
import { runCommand } from './support/run-command.ts';

const SECONDS = 30;

interface GetWords extends DhtWords {
  readonly scrape?: true;
  readonly timeout: number;
}

interface AnnounceWords extends DhtWords {
  readonly peerPort: number;
  readonly seed?: true;
  readonly timeout: number;
}

/** `allium dht get`: the peers of a torrent. */
export function registerDhtGet(dht: Command): void {
  const command = dht
    .command('get')
    .summary('find the peers of a torrent')
    .description('Look for the peers of a torrent and print them, one on each line. Ends by itself.')
    .argument('<info-hash>', '40 hexadecimal digits or a magnet link', infoHashValue)
    .option('--scrape', 'count seeders and leechers (BEP 33)');
  addTimeout(addDhtOptions(command, 0), SECONDS);
  addExamples(command, [
    ['dht get 8543d3e6115f0f98c944077a4493dcd543e49c73 --bootstrap 192.0.2.1:6881', 'Who has this torrent'],
    ['dht get … --bootstrap 192.0.2.1:6881 --scrape --json', 'And how many, as JSON'],
  ]);
  command.action((infoHash: Uint8Array, _words: GetWords, self: Command) => {
    const words = self.optsWithGlobals<GetWords>();
    return runCommand({ name: 'dht get', json: words.json === true }, (signal) =>
      get(infoHash, words, signal),
    );
  });
}

async function get(infoHash: Uint8Array, words: GetWords, signal: AbortSignal): Promise<ExitCode> {
  const until = deadline(signal, words.timeout);
  const dht = await openByWords(words, { port: 0, readOnly: true, needsOthers: true });
  try {
    await Promise.race([dht.joined, aborted(until.signal)]);
    await checkJoined(dht);
    const found = await dht.group.findPeers(
      infoHash,
      (peers) => {
        if (words.json === true) return;
        for (const peer of peers) writeOut(`${endpointText(peer)}\n`);
      },
      { scrape: words.scrape === true, signal: until.signal },
    );
    if (signal.aborted) return EXIT.interrupted;
    if (words.json === true) writeJson({ ...summary(found), peers: found.peers });
    else {
      const { queriesSent, durationMs } = found.lookup;
      const counts =
        found.seeders === undefined ? '' : `, about ${found.seeders} seeders and ${found.leechers} leechers`;
      writeErr(
        `allium dht: ${found.peers.length} peers${counts}; ${queriesSent} nodes asked in ${formatDuration(durationMs)}.\n`,
      );
    }
    return EXIT.done;
  } finally {
    until.cancel();
    await dht.close();
  }
}

function summary(found: PeersFound): object {
  const { queriesSent, answers, hops, durationMs, firstFoundMs } = found.lookup;
  return {
    seeders: found.seeders,
    leechers: found.leechers,
    lookup: { queriesSent, answers, hops, durationMs, firstFoundMs },
  };
}

/** `allium dht announce`: says once that a peer has a torrent. */
export function registerDhtAnnounce(dht: Command): void {
  const command = dht
    .command('announce')
    .summary('announce a peer of a torrent, once')
    .description(
      'Tell the nodes near a torrent that a peer at this address and --peer-port has it. They forget it within the hour.',
    )
    .argument('<info-hash>', '40 hexadecimal digits or a magnet link', infoHashValue)
    .addOption(
      new Option('--peer-port <port>', 'where the peer listens')
        .argParser(countValue(1, 65_535))
        .makeOptionMandatory(),
    )
    .option('--seed', 'it has all of it (BEP 33)');
  addTimeout(addDhtOptions(command, 0), SECONDS);
  addExamples(command, [
    [
      'dht announce 8543d3e6115f0f98c944077a4493dcd543e49c73 --peer-port 6881 --bootstrap 192.0.2.1:6881',
      'Announce a peer',
    ],
  ]);
  command.action((infoHash: Uint8Array, _words: AnnounceWords, self: Command) => {
    const words = self.optsWithGlobals<AnnounceWords>();
    return runCommand({ name: 'dht announce', json: words.json === true }, (signal) =>
      announce(infoHash, words, signal),
    );
  });
}

async function announce(infoHash: Uint8Array, words: AnnounceWords, signal: AbortSignal): Promise<ExitCode> {
  const until = deadline(signal, words.timeout);
  const dht = await openByWords(words, { port: 0, readOnly: true, needsOthers: true });
  const { announceOnce } = await import('../discovery/dht/peer-search.ts');
  try {
    await Promise.race([dht.joined, aborted(until.signal)]);
    await checkJoined(dht);
    const work = Promise.all(
      dht.group.nodes.map((node) =>
        announceOnce(node, infoHash, words.peerPort, () => {}, { isSeed: () => words.seed === true }),
      ),
    );
    const reports = await Promise.race([work, aborted(until.signal)]);
    if (signal.aborted) return EXIT.interrupted;
    const stored = (reports ?? []).reduce((sum, report) => sum + report.stored, 0);
    const refused = (reports ?? []).reduce((sum, report) => sum + report.refused, 0);
    if (words.json === true) writeJson({ stored, refused });
    else writeOut(`announced to ${stored} nodes\n`);
    return stored > 0 ? EXIT.done : EXIT.ioFailed;
  } finally {
    until.cancel();
    await dht.close();
  }
}
