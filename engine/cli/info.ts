import type { Command } from 'commander';
import type { Metainfo } from '../bittorrent/metainfo/types.ts';
import { printable } from '../codec/text.ts';
import type { ScrapeReport } from '../node/scrape-trackers.ts';
import { EXIT, type ExitCode } from './support/exit-code.ts';
import { addExamples } from './support/help.ts';
import { writeJson, writeOut } from './support/output.ts';
import { runCommand } from './support/run-command.ts';

interface InfoWords {
  readonly files: boolean;
  readonly scrape?: true;
  readonly json?: true;
}

/** `allium info`: say everything about a torrent file. */
export function registerInfo(program: Command): void {
  const command = program
    .command('info')
    .summary('say everything about a torrent file')
    .description(
      'Check a torrent file and say everything about it: names, info-hashes, sizes, trackers, the tree of files and ' +
        'the magnet link. Ends with 2 when it is no valid torrent or not a safe one.',
    )
    .argument('<file.torrent>', 'the torrent')
    .option('--no-files', 'leave out the tree of files')
    .option('--scrape', 'ask its trackers how many peers they know')
    .option('--json', 'print the result as JSON');
  addExamples(command, [
    ['info debian.torrent', 'Look at a torrent'],
    ['info debian.torrent --scrape', 'And ask its trackers who is there'],
    ['info debian.torrent --json', 'The same for a program'],
  ]);
  command.action((file: string, words: InfoWords) =>
    runCommand({ name: 'info', json: words.json === true }, () => info(file, words)),
  );
}

async function info(file: string, words: InfoWords): Promise<ExitCode> {
  const { loadTorrent } = await import('../node/load-torrent.ts');
  const { createRealFiles } = await import('../runtime/real/files.ts');
  const { fileTreeLines, torrentJson, torrentLines } = await import('./info-report/describe.ts');
  const metainfo = await loadTorrent(file, createRealFiles());
  const scraped = words.scrape === true ? await scrape(metainfo) : undefined;
  if (words.json) {
    const { files, ...rest } = torrentJson(metainfo);
    const more = scraped === undefined ? {} : { scraped };
    writeJson(words.files ? { ...rest, files, ...more } : { ...rest, ...more });
    return EXIT.done;
  }
  const tree = words.files ? ['Files', ...fileTreeLines(metainfo).map((line) => `  ${line}`)] : [];
  const asked =
    scraped === undefined ? [] : ['Trackers say', ...scraped.map((one) => `  ${scrapeLine(one)}`)];
  writeOut(`${[...torrentLines(metainfo), ...asked, ...tree].join('\n')}\n`);
  return EXIT.done;
}

async function scrape(metainfo: Metainfo): Promise<readonly ScrapeReport[]> {
  const { scrapeTrackers } = await import('../node/scrape-trackers.ts');
  const { createRealRuntime } = await import('../runtime/real/runtime.ts');
  return scrapeTrackers(metainfo, createRealRuntime());
}

function scrapeLine({ host, seeders, leechers, downloads, failure }: ScrapeReport): string {
  const said = failure ?? `${seeders} seeding, ${leechers} downloading, ${downloads} completed`;
  return printable(`${host}: ${said}`);
}
