import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { TorrentOutcome } from '../bittorrent/verify/report.ts';
import type { SelectionOptions } from '../bittorrent/verify/selection.ts';
import { AlliumError } from '../codec/error.ts';
import { printable } from '../codec/text.ts';
import { paletteFor } from './support/colour.ts';
import { EXIT, type ExitCode } from './support/exit-code.ts';
import { addExamples } from './support/help.ts';
import { countValue, rateValue, repeatedValue } from './support/option-values.ts';
import { writeErr, writeJson, writeOut } from './support/output.ts';
import { ProgressLine, progressText, RateMeter } from './support/progress.ts';
import { runCommand } from './support/run-command.ts';

interface VerifyFlags {
  readonly torrents?: readonly string[];
  readonly files?: readonly string[];
  readonly pieces?: string;
  readonly search: boolean;
  readonly rate?: number;
  readonly readers?: number;
  readonly threads?: number;
  readonly checkpoint?: string;
  readonly report?: string;
  readonly queue?: string;
  readonly worker?: boolean;
  readonly onlyCoordinate?: boolean;
  readonly map?: readonly string[];
  readonly retakeAfter?: number;
  readonly json?: boolean;
}

const EXIT_OF: Readonly<Record<TorrentOutcome, ExitCode>> = {
  good: EXIT.done,
  damaged: EXIT.damage,
  missing: EXIT.damage,
  invalid: EXIT.badInput,
  unreadable: EXIT.ioFailed,
};

/** `allium verify`: check data against torrents. */
export function registerVerify(program: Command): void {
  const command = program
    .command('verify')
    .summary('check data against its torrents')
    .description(
      'Check data against the hashes of its torrents, on all cores, and say exactly what is damaged. The data is ' +
        'opened for reading only. The first word is a torrent file or a folder of torrent files; further words that ' +
        'end in .torrent are torrents too; the rest is where the data lies. Data that is not in its usual place is ' +
        'searched by name and length. With --queue any number of machines that see the same data share the work.',
    )
    .argument('[torrents-then-data...]', 'torrent files or a folder of them, then folders (or files) of data')
    .option(
      '-t, --torrents <path>',
      'a torrent file or a folder of them; all words are data then',
      repeatedValue,
    )
    .option(
      '-f, --files <names>',
      'only these files: paths, folders or globs, comma-separated',
      repeatedValue,
    )
    .option('-p, --pieces <list>', 'only these pieces, such as 10-20,33')
    .option('--no-search', 'look for data in its usual place only')
    .option('--rate <bytes>', 'read no more than this per second, such as 50M', rateValue)
    .option('--readers <n>', 'readers on one disk; else 1 if it rotates, many if not', countValue(1, 64))
    .option('--threads <n>', 'threads that hash; else one per core', countValue(1, 32))
    .option('--checkpoint <file>', 'keep what is hashed here and go on from it after an interruption')
    .option('--report <file.html>', 'write a report to look at')
    .option('--json', 'print the result as JSON');
  addQueueOptions(command);
  addExamples(command, [
    ['verify debian.torrent downloads', 'Check one torrent'],
    ['verify torrents/ /disk1 /disk2 --report library.html', 'Check a whole library, wherever its data lies'],
    [
      "verify show.torrent /media --files '*.mkv' --rate 100M",
      'Check some files, and leave the disk to others',
    ],
    [
      'verify torrents/ /disk1 --checkpoint scrub.ck',
      'Be free to interrupt: the same words go on where it stopped',
    ],
    [
      'verify torrents/ /data --queue redis://10.0.0.2:6379',
      'Share the work with whoever else is on the queue',
    ],
    [
      'verify --worker --queue redis://10.0.0.2:6379 --map /data=/mnt/nas',
      'Work on the queue, on a machine that sees /data at /mnt/nas',
    ],
  ]);
  command.action((words: string[], flags: VerifyFlags) =>
    runCommand({ name: 'verify', json: flags.json === true }, (signal) =>
      flags.worker === true ? work(words, flags, signal) : verify(words, flags, signal),
    ),
  );
}

function addQueueOptions(command: Command): void {
  command
    .option('--queue <url>', 'share the work over Valkey or Redis, such as redis://10.0.0.2:6379')
    .option('--worker', 'with --queue: take work from others until stopped; no torrents are named')
    .option('--only-coordinate', 'with --queue: leave the reading to others')
    .option(
      '--map <there=here>',
      'with --worker: where data lies here, such as /data=/mnt/nas',
      repeatedValue,
    )
    .option(
      '--retake-after <seconds>',
      'work of a process silent for so long goes to others',
      countValue(1, 3600),
    );
}

async function work(words: readonly string[], flags: VerifyFlags, signal: AbortSignal): Promise<ExitCode> {
  const { workForOthers } = await import('./verify-worker.ts');
  return workForOthers(words, flags, signal);
}

async function verify(words: readonly string[], flags: VerifyFlags, signal: AbortSignal): Promise<ExitCode> {
  const { splitWords } = await import('./verify-report/words.ts');
  const { torrents, roots } = splitWords(words, flags.torrents ?? []);
  // The threads start while the rest of the program is loaded.
  const { openReadPool } = await import('../node/content/read-pool.ts');
  const { threadsFor } = await import('../node/verify/threads.ts');
  const threadCount = flags.threads ?? threadsFor(roots);
  const shared = await openShared(flags, threadCount, signal);
  const pool = shared?.pool ?? openReadPool({ threadCount });
  const { verifyLibrary } = await import('../node/verify/verify-library.ts');
  const line = shared?.line ?? new ProgressLine();
  const meter = new RateMeter();
  try {
    const report = await verifyLibrary(
      {
        torrents,
        roots,
        selection: await selectionOf(flags),
        search: flags.search,
        rateBytesPerSec: flags.rate,
        readersPerDisk: flags.readers,
        checkpoint: flags.checkpoint,
        signal,
        onProgress: ({ doneBytes, totalBytes, doneTorrents, torrentCount }) => {
          line.update(() => {
            const counted = torrentCount > 1 ? `${doneTorrents}/${torrentCount}  ` : '';
            const crew = shared === undefined ? '' : shared.crewText();
            return counted + crew + progressText(doneBytes, totalBytes, meter.sample(doneBytes));
          });
        },
      },
      { pool },
    );
    line.clear();
    if (flags.report !== undefined) {
      const { verifyHtml } = await import('./verify-report/html.ts');
      await writeFile(flags.report, verifyHtml(report));
    }
    if (flags.json === true) writeJson(report);
    else {
      const { verifyText } = await import('./verify-report/text.ts');
      writeOut(verifyText(report, paletteFor(process.stdout)));
    }
    return EXIT_OF[report.outcome];
  } catch (error) {
    line.clear();
    if (signal.aborted && flags.checkpoint !== undefined) {
      writeErr(
        `allium verify: what is hashed so far is kept in ${flags.checkpoint}; the same words go on from there.\n`,
      );
    }
    throw error;
  } finally {
    await pool.close();
  }
}

/** The work of all who are on the queue, when there is one. */
async function openShared(flags: VerifyFlags, threadCount: number, signal: AbortSignal) {
  const { queue, onlyCoordinate } = flags;
  if (queue === undefined) {
    if (onlyCoordinate !== true && flags.map === undefined && flags.retakeAfter === undefined)
      return undefined;
    throw new AlliumError('BAD_USAGE', '--only-coordinate, --map and --retake-after belong to a queue', {
      advice: 'Name it with --queue redis://HOST:6379.',
    });
  }
  if (flags.map !== undefined) {
    throw new AlliumError('BAD_USAGE', '--map belongs to a worker', {
      advice:
        'Give it where --worker is given: the paths of the run are those of the machine that starts it.',
    });
  }
  const { openQueuePool } = await import('../node/verify/queue/open-queue.ts');
  const line = new ProgressLine();
  const onNotice = (text: string): void => {
    line.clear();
    writeErr(`allium verify: ${printable(text)}.\n`);
  };
  const retakeMs = flags.retakeAfter === undefined ? undefined : 1000 * flags.retakeAfter;
  const pool = await openQueuePool({ url: queue, threadCount, onlyCoordinate, retakeMs, signal, onNotice });
  return {
    pool,
    line,
    crewText: () => `${pool.crew.processes} processes, ${pool.crew.threads} threads  `,
  };
}

async function selectionOf(flags: VerifyFlags): Promise<SelectionOptions> {
  const { parsePieceList } = await import('../bittorrent/verify/piece-list.ts');
  return {
    ...(flags.files === undefined ? {} : { files: flags.files }),
    ...(flags.pieces === undefined ? {} : { pieces: parsePieceList(flags.pieces) }),
  };
}
