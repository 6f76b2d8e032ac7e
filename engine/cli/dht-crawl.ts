import { type Command, Option } from 'commander';
import {
  aborted,
  addDhtOptions,
  addTimeout,
  checkJoined,
  type DhtWords,
  deadline,
  openByWords,
} from './dht-options.ts';
import { EXIT, type ExitCode } from './support/exit-code.ts';
import { addExamples } from './support/help.ts';
import { countValue } from './support/option-values.ts';
import { writeErr, writeJson, writeOut } from './support/output.ts';
import { ProgressLine } from './support/progress.ts';
import { runCommand } from './support/run-command.ts';

const SECONDS = 60;

interface CrawlWords extends DhtWords {
  readonly nodes: number;
  readonly hashes: number;
  readonly timeout: number;
}

/** `allium dht crawl`: the info-hashes that nodes store. */
export function registerDhtCrawl(dht: Command): void {
  const command = dht
    .command('crawl')
    .summary('list info-hashes that nodes store (BEP 51)')
    .description(
      'Go through the nodes of the DHT, ask each once for a sample of the info-hashes it stores, and print them, one on each ' +
        'line. Ends when all nodes are asked, at --nodes or --hashes, or when the time is over.',
    )
    .addOption(
      new Option('--nodes <count>', 'nodes asked at most')
        .argParser(countValue(1, 1_000_000))
        .default(10_000),
    )
    .addOption(
      new Option('--hashes <count>', 'info-hashes at most')
        .argParser(countValue(1, 10_000_000))
        .default(100_000),
    );
  addTimeout(addDhtOptions(command, 0), SECONDS);
  addExamples(command, [
    ['dht crawl --bootstrap 192.0.2.1:6881 --timeout 60', 'A minute of looking around'],
    ['dht crawl --bootstrap 192.0.2.1:6881 --nodes 500 --json', 'At most 500 nodes, as JSON'],
  ]);
  command.action((_words: CrawlWords, self: Command) => {
    const words = self.optsWithGlobals<CrawlWords>();
    return runCommand({ name: 'dht crawl', json: words.json === true }, (signal) => run(words, signal));
  });
}

async function run(words: CrawlWords, signal: AbortSignal): Promise<ExitCode> {
  const { crawl } = await import('../discovery/dht/crawler.ts');
  const until = deadline(signal, words.timeout);
  const dht = await openByWords(words, { port: 0, readOnly: true, needsOthers: true });
  const line = new ProgressLine();
  try {
    await Promise.race([dht.joined, aborted(until.signal)]);
    await checkJoined(dht);
    const node = dht.group.nodes.reduce((best, other) => (other.table.size > best.table.size ? other : best));
    const report = await crawl(
      node,
      { nodesMax: words.nodes, infoHashesMax: words.hashes, signal: until.signal },
      (asked, hashes) => line.update(() => `${asked} nodes asked  ${hashes} info-hashes`),
    );
    line.clear();
    if (words.json === true) writeJson(report);
    else {
      for (const infoHash of report.infoHashes) writeOut(`${infoHash}\n`);
      writeErr(
        `allium dht: ${report.infoHashes.length} info-hashes; ${report.asked} nodes asked, ${report.sampling} gave samples.\n`,
      );
    }
    return signal.aborted ? EXIT.interrupted : EXIT.done;
  } finally {
    line.clear();
    until.cancel();
    await dht.close();
  }
}
