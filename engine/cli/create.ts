import { basename, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { CreateLabels } from '../bittorrent/create/build.ts';
import type { CreatePlan } from '../bittorrent/create/plan.ts';
import type { MetainfoVersion } from '../bittorrent/metainfo/types.ts';
import { AlliumError } from '../codec/error.ts';
import { printable } from '../codec/text.ts';
import { formatBytes, formatDuration, formatRate } from '../codec/units.ts';
import { VERSION } from '../codec/version.ts';
import type { CreatedTorrent } from '../node/create.ts';
import { EXIT, type ExitCode } from './support/exit-code.ts';
import { addExamples } from './support/help.ts';
import { countValue, repeatedValue, sizeValue } from './support/option-values.ts';
import { writeErr, writeJson, writeOut } from './support/output.ts';
import { ProgressLine, progressText, RateMeter } from './support/progress.ts';
import { runCommand } from './support/run-command.ts';

interface CreateWords {
  readonly output?: string;
  readonly tracker?: readonly string[];
  readonly v1?: true;
  readonly v2?: true;
  readonly hybrid?: true;
  readonly pieceLength?: number;
  readonly private?: true;
  readonly webSeed?: readonly string[];
  readonly source?: string;
  readonly comment?: string;
  readonly date: boolean;
  readonly threads?: number;
  readonly json?: true;
}

const THREADS_MAX = 256;

/** `allium create`: make a torrent file. */
export function registerCreate(program: Command): void {
  const command = program
    .command('create')
    .summary('make a torrent of a file or folder')
    .description(
      'Make a torrent of a file or folder. Without --v2 or --hybrid it is a v1 torrent, which every client and ' +
        'tracker takes; many trackers refuse the others. Files are read once, on all cores. The same content gives ' +
        'the same info-hash, whatever the order on disk, owners and permissions. Symbolic links are followed. ' +
        'Empty folders and the output file itself are left out.',
    )
    .argument('<path>', 'the file or folder')
    .option('-o, --output <file>', 'where to write it (default: NAME.torrent in the current folder)')
    .option(
      '-t, --tracker <url>',
      'a tracker; each one given is a tier of its own, URLs with commas between them share a tier',
      repeatedValue,
    )
    .addOption(new Option('--v1', 'make a v1 torrent (the default)').conflicts(['v2', 'hybrid']))
    .addOption(new Option('--v2', 'make a v2 torrent (BEP 52)').conflicts(['v1', 'hybrid']))
    .addOption(new Option('--hybrid', 'make one that is v1 and v2 at once').conflicts(['v1', 'v2']))
    .option(
      '--piece-length <size>',
      'a power of two from 16KiB (default: 16KiB to 16MiB, for 1,000 to 2,000 pieces; longer from 4TiB on)',
      sizeValue,
    )
    .option('--private', 'ask clients to find peers by the trackers only')
    .option('--web-seed <url>', 'a URL that has the content; may be given several times', repeatedValue)
    .option('--source <text>', 'a label of the tracker; changes the info-hash')
    .option('--comment <text>', 'a comment for people')
    .option('--no-date', 'do not say when it was made')
    .option(
      '--threads <count>',
      'threads that read and hash (default: one per core)',
      countValue(1, THREADS_MAX),
    )
    .option('--json', 'print the result as JSON');
  addExamples(command, [
    ['create album -t http://tracker.example/announce -o album.torrent', 'A torrent of a folder'],
    ['create disk.img --hybrid --piece-length 4MiB --private', 'A private hybrid torrent of one file'],
  ]);
  command.action((path: string, words: CreateWords) =>
    runCommand({ name: 'create', json: words.json === true }, (signal) => create(path, words, signal)),
  );
}

async function create(path: string, words: CreateWords, signal: AbortSignal): Promise<ExitCode> {
  const startedMs = performance.now();
  const labels = labelsOf(words);
  // The threads start while this one still loads the rest of the code.
  const { openReadPool } = await import('../node/content/read-pool.ts');
  const pool = openReadPool(words.threads === undefined ? {} : { threadCount: words.threads });
  const progress = new CreateProgress();
  try {
    const { createTorrent } = await import('../node/create.ts');
    const { createRealFiles } = await import('../runtime/real/files.ts');
    const out = resolve(words.output ?? `${basename(resolve(path))}.torrent`);
    const version: MetainfoVersion = words.v2 ? 'v2' : words.hybrid ? 'hybrid' : 'v1';
    const created = await createTorrent(
      {
        ...{ path, out, version, labels, signal, pieceLength: words.pieceLength },
        onPlan: (plan) => progress.begin(plan),
        onProgress: (bytesRead) => progress.advance(bytesRead),
      },
      { files: createRealFiles(), pool },
    );
    progress.end();
    await report(words, out, created, performance.now() - startedMs);
    return EXIT.done;
  } finally {
    progress.end();
    await pool.close();
  }
}

/** What the words say about the torrent. Throws BAD_USAGE for a URL that no client could use. */
function labelsOf(words: CreateWords): CreateLabels {
  const trackers = (words.tracker ?? []).map((tier) =>
    tier.split(/,(?=[a-z]+:\/\/)/i).map((url) => checkUrl(url.trim(), TRACKER_SCHEMES, 'tracker')),
  );
  return {
    trackers,
    webSeeds: (words.webSeed ?? []).map((url) => checkUrl(url.trim(), WEB_SEED_SCHEMES, 'web seed')),
    isPrivate: words.private === true,
    source: words.source,
    comment: words.comment,
    createdBy: `Allium/${VERSION}`,
    creationDate: words.date ? Math.floor(Date.now() / 1000) : undefined,
  };
}

const TRACKER_SCHEMES = ['http:', 'https:', 'udp:', 'ws:', 'wss:'] as const;
const WEB_SEED_SCHEMES = ['http:', 'https:', 'ftp:'] as const;

function checkUrl(text: string, schemes: readonly string[], what: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && url.host !== '' && schemes.includes(url.protocol)) return text;
  throw new AlliumError('BAD_USAGE', `“${text}” is no URL of a ${what}`, {
    advice: `It begins with ${schemes.map((scheme) => `${scheme}//`).join(', ')}.`,
  });
}

/** The line on the terminal while content is read. */
class CreateProgress {
  readonly #line = new ProgressLine();
  #meter: RateMeter | undefined;
  #totalBytes = 0;

  begin(plan: CreatePlan): void {
    this.#meter = new RateMeter();
    this.#totalBytes = plan.files.reduce((sum, file) => sum + (file.isPadding ? 0 : file.byteLength), 0);
  }

  advance(bytesRead: number): void {
    this.#line.update(() => progressText(bytesRead, this.#totalBytes, this.#meter?.sample(bytesRead) ?? 0));
  }

  end(): void {
    this.#line.clear();
  }
}

async function report(
  words: CreateWords,
  out: string,
  created: CreatedTorrent,
  durationMs: number,
): Promise<void> {
  const { magnetLink } = await import('../bittorrent/magnet/encode.ts');
  const { hex } = await import('../codec/hex.ts');
  const { metainfo, warnings } = created;
  const bytesPerSec = (metainfo.contentBytes / Math.max(durationMs, 1)) * 1000;
  const infoHashV1 = metainfo.infoHashV1 === undefined ? null : hex(metainfo.infoHashV1);
  const infoHashV2 = metainfo.infoHashV2 === undefined ? null : hex(metainfo.infoHashV2);
  const magnet = magnetLink(metainfo);
  const { name, version, pieceLength, pieceCount, contentBytes, files } = metainfo;
  const fileCount = files.filter((file) => !file.isPadding).length;
  for (const warning of warnings) writeErr(`allium create: ${printable(warning)}.\n`);
  if (words.json) {
    const sizes = {
      fileCount,
      contentBytes,
      pieceLength,
      pieceCount,
      durationMs: Math.round(durationMs),
      bytesPerSec: Math.round(bytesPerSec),
    };
    writeJson({ output: out, name, version, infoHashV1, infoHashV2, ...sizes, magnet, warnings });
    return;
  }
  const many = fileCount === 1 ? '1 file' : `${fileCount} files`;
  const lines = [
    printable(out),
    `  ${version}, ${many}, ${formatBytes(contentBytes)} in ${pieceCount} ${pieceCount === 1 ? 'piece' : 'pieces'} of ${formatBytes(pieceLength)}`,
    ...(infoHashV1 === null ? [] : [`  info-hash v1  ${infoHashV1}`]),
    ...(infoHashV2 === null ? [] : [`  info-hash v2  ${infoHashV2}`]),
    `  ${magnet}`,
    `  read in ${formatDuration(durationMs)}, ${formatRate(bytesPerSec)}`,
  ];
  writeOut(`${lines.join('\n')}\n`);
}
