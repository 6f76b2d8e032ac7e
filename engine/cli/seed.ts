import type { Command } from 'commander';
import { formatBytes, formatPercent, formatRate } from '../codec/units.ts';
import { EXIT, type ExitCode } from './support/exit-code.ts';
import { addExamples } from './support/help.ts';
import { writeErr, writeJson, writeOut } from './support/output.ts';
import { ProgressLine } from './support/progress.ts';
import { runCommand } from './support/run-command.ts';
import { addTransferOptions, type TransferWords, transferOptions } from './support/transfer-options.ts';

const REDRAW_MS = 500;

interface SeedWords extends TransferWords {
  readonly check: boolean;
  readonly superSeed?: boolean;
}

/** `allium seed`: serve the data of one torrent. */
export function registerSeed(program: Command): void {
  const command = program
    .command('seed')
    .summary('seed a torrent')
    .description(
      'Verify the data of a torrent and serve it to peers until interrupted. Pieces that are damaged or missing ' +
        'are not served and not repaired; use get for that.',
    )
    .argument('<file.torrent>', 'the torrent to seed')
    .argument('<path>', 'its data, or the folder that its data is in')
    .option('--no-check', 'trust the data without reading it first');
  command.option('--super-seed', 'as the only seeder: send each piece once, as far as possible');
  addTransferOptions(command);
  addExamples(command, [
    ['seed album.torrent ~/music/album', 'Seed a folder'],
    ['seed big.torrent /data --no-check --slots 0', 'Serve everyone at once, at once'],
  ]);
  command.action((file: string, path: string, words: SeedWords) =>
    runCommand({ name: 'seed', json: words.json === true }, (signal) => seed(file, path, words, signal)),
  );
}

async function seed(file: string, path: string, words: SeedWords, signal: AbortSignal): Promise<ExitCode> {
  const { findData, openTransfer } = await import('../node/transfer.ts');
  const transfer = await openTransfer(
    { ...transferOptions(file, words), superSeed: words.superSeed === true, signal },
    async (metainfo, files) => ({
      root: await findData(path, metainfo, files),
      trusted: !words.check,
    }),
  );
  const { torrent, listening } = transfer;
  const line = new ProgressLine();
  const interrupted = new Promise<true>((resolve) => {
    if (signal.aborted) resolve(true);
    signal.addEventListener('abort', () => resolve(true));
  });
  try {
    if (words.check) {
      const pieceCount = torrent.metainfo.pieceCount;
      const checked = torrent.check((done) =>
        line.update(() => `verifying ${formatPercent(done / pieceCount)}`),
      );
      if (await Promise.race([checked, interrupted])) return EXIT.interrupted;
      line.clear();
    }
    const { have, metainfo } = torrent;
    if (torrent.failure !== undefined) throw torrent.failure;
    if (have.isEmpty && metainfo.pieceCount > 0) {
      writeErr(`allium seed: none of the ${metainfo.pieceCount} pieces of “${metainfo.name}” is right.\n`);
      return EXIT.damage;
    }
    await torrent.seedOnly();
    const missing = metainfo.pieceCount - have.count;
    if (missing > 0)
      writeErr(`allium seed: ${missing} of ${metainfo.pieceCount} pieces are damaged or missing.\n`);
    writeErr(`allium seed: serving “${metainfo.name}” on port ${listening.port} until interrupted.\n`);
    const timer = setInterval(() => {
      const view = torrent.view();
      line.update(
        () =>
          `${view.peerCount} peers  ${formatRate(view.upBytesPerSec)}  ${formatBytes(view.uploadedBytes)} sent`,
      );
    }, REDRAW_MS);
    await Promise.race([interrupted, transfer.failed]).finally(() => clearInterval(timer));
    line.clear();
    const { name, infoHash, uploadedBytes } = torrent.view();
    if (words.json === true)
      writeJson({ name, infoHash, uploadedBytes, pieceCount: metainfo.pieceCount, missing });
    else writeOut(`${name}: ${formatBytes(uploadedBytes)} uploaded\n`);
    return EXIT.done;
  } finally {
    line.clear();
    await transfer.close();
  }
}
