import type { Command } from 'commander';
import { isInSpans } from '../bittorrent/magnet/file-spans.ts';
import type { FileSpan } from '../bittorrent/magnet/types.ts';
import type { Metainfo } from '../bittorrent/metainfo/types.ts';
import { AlliumError } from '../codec/error.ts';
import { formatBytes, formatDuration, formatRate } from '../codec/units.ts';
import type { Transfer } from '../node/transfer.ts';
import { EXIT, type ExitCode } from './support/exit-code.ts';
import { fileSpansOf } from './support/file-spans.ts';
import { addExamples } from './support/help.ts';
import { writeErr, writeJson, writeOut } from './support/output.ts';
import { ProgressLine, progressText, RateMeter } from './support/progress.ts';
import { runCommand } from './support/run-command.ts';
import { addTransferOptions, type TransferWords, transferOptions } from './support/transfer-options.ts';

const REDRAW_MS = 250;

interface GetWords extends TransferWords {
  readonly output: string;
  readonly seed?: boolean;
  readonly files?: string;
}

/** `allium get`: download one torrent. */
export function registerGet(program: Command): void {
  const command = program
    .command('get')
    .summary('download a torrent')
    .description(
      'Download a torrent from a torrent file or a magnet link, checking every piece before it is written. What is there already is verified and kept, ' +
        'so an interrupted download goes on where it stopped.',
    )
    .argument('<torrent>', 'a torrent file, or a magnet link in quotes')
    .requiredOption('-o, --output <folder>', 'save its files below this folder')
    .option('--files <numbers>', 'download these files only, counted from 0: 0,2,4-6')
    .option('--seed', 'go on seeding afterwards, until interrupted');
  addTransferOptions(command);
  addExamples(command, [
    ['get debian.torrent -o downloads', 'Download with the peers its trackers know'],
    ["get 'magnet:?xt=urn:btih:…' -o .", 'Download by a magnet link'],
    ['get big.torrent -o . --peer 127.0.0.1:6881 --no-tracker', 'Download from one peer only'],
  ]);
  command.action((file: string, words: GetWords) =>
    runCommand({ name: 'get', json: words.json === true }, (signal) => get(file, words, signal)),
  );
}

async function get(torrentOrLink: string, words: GetWords, signal: AbortSignal): Promise<ExitCode> {
  const line = new ProgressLine();
  const transfer = await open(torrentOrLink, words, line, signal);
  const interrupted = new Promise<'interrupted'>((resolve) => {
    if (signal.aborted) resolve('interrupted');
    signal.addEventListener('abort', () => resolve('interrupted'));
  });
  const { torrent } = transfer;
  const startedMs = performance.now();
  try {
    if (await Promise.race([torrent.check(), interrupted])) return EXIT.interrupted;
    if (torrent.failure !== undefined) throw torrent.failure;
    const files = fileSpansOf(words.files) ?? transfer.files;
    const wantedBytes =
      files === undefined ? torrent.metainfo.contentBytes : wantedOf(torrent.metainfo, files);
    if (files !== undefined) torrent.selectFiles(files);
    const before = torrent.have.count;
    const { pieceLength, contentBytes } = torrent.metainfo;
    const meter = new RateMeter(before * pieceLength);
    await torrent.start();
    const timer = setInterval(() => {
      const view = torrent.view();
      const doneBytes = Math.min(contentBytes, view.pieceDoneCount * pieceLength);
      line.update(
        () => `${progressText(doneBytes, contentBytes, meter.sample(doneBytes))}  ${view.peerCount} peers`,
      );
    }, REDRAW_MS);
    const outcome = await Promise.race([transfer.done, transfer.failed, interrupted]).finally(() =>
      clearInterval(timer),
    );
    line.clear();
    if (outcome === 'interrupted') return EXIT.interrupted;
    report(words, { ...torrent.view(), wantedBytes }, performance.now() - startedMs);
    if (words.seed === true) {
      writeErr(`allium get: seeding on port ${transfer.listening.port} until interrupted.\n`);
      await Promise.race([interrupted, transfer.failed]);
    }
    return EXIT.done;
  } finally {
    line.clear();
    await transfer.close();
  }
}

/** Bytes of the files in `spans`. Throws BAD_USAGE when the torrent has none of them. */
function wantedOf({ name, files }: Metainfo, spans: readonly FileSpan[]): number {
  const wanted = files.filter((file, index) => !file.isPadding && isInSpans(index, spans));
  if (wanted.length > 0) return wanted.reduce((sum, { byteLength }) => sum + byteLength, 0);
  throw new AlliumError('BAD_USAGE', `“${name}” has no file of these numbers`, {
    advice: `Its ${files.length} files are counted from 0; allium info --json shows them in order.`,
  });
}

/** Opens the transfer; for a magnet link, waits for the metadata. */
async function open(
  torrentOrLink: string,
  words: GetWords,
  line: ProgressLine,
  signal: AbortSignal,
): Promise<Transfer> {
  const { openTransfer } = await import('../node/transfer.ts');
  fileSpansOf(words.files); // complains before anything is opened
  let timer: NodeJS.Timeout | undefined;
  const onSearch = (search: { readonly peerCount: number }): void => {
    timer = setInterval(
      () => line.update(() => `looking for the metadata  ${search.peerCount} peers`),
      REDRAW_MS,
    );
  };
  const options = { ...transferOptions(torrentOrLink, words), signal, onSearch };
  try {
    return await openTransfer(options, async () => ({ root: words.output, trusted: false }));
  } finally {
    clearInterval(timer);
    line.clear();
  }
}

function report(
  words: GetWords,
  view: {
    readonly name: string;
    readonly infoHash: string;
    readonly totalBytes: number;
    readonly downloadedBytes: number;
    readonly wantedBytes: number;
  },
  durationMs: number,
): void {
  const { name, infoHash, totalBytes, wantedBytes, downloadedBytes } = view;
  const bytesPerSec = durationMs > 0 ? (downloadedBytes * 1000) / durationMs : 0;
  if (words.json === true) {
    writeJson({ name, infoHash, totalBytes, wantedBytes, downloadedBytes, durationMs, bytesPerSec });
    return;
  }
  const how = `${formatBytes(downloadedBytes)} downloaded in ${formatDuration(durationMs)}, ${formatRate(bytesPerSec)}`;
  const what = wantedBytes === totalBytes ? 'complete' : 'the wanted files are complete';
  writeOut(`${name}: ${what} and verified, ${formatBytes(wantedBytes)} (${how})\n`);
}
