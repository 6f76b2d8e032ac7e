import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { dirname } from 'node:path';
import { buildTorrent, type CreateLabels } from '../bittorrent/create/build.ts';
import { checkPieceLength, choosePieceLength } from '../bittorrent/create/piece-length.ts';
import { type CreatePlan, planContent } from '../bittorrent/create/plan.ts';
import { type FoundContent, type FoundFile, scanContent } from '../bittorrent/create/scan.ts';
import { METAINFO_LIMITS } from '../bittorrent/metainfo/limits.ts';
import { parseMetainfo } from '../bittorrent/metainfo/parse.ts';
import type { Metainfo, MetainfoVersion } from '../bittorrent/metainfo/types.ts';
import { AlliumError } from '../codec/error.ts';
import type { FileSystem } from '../runtime/port.ts';
import { fileError } from '../runtime/real/file-error.ts';
import { hashContent } from './content/hash-content.ts';
import type { ReadPool } from './content/read-pool.ts';

/** Which torrent to make of what. */
export interface CreateOptions {
  /** The file or folder to make a torrent of. */
  readonly path: string;
  /** Where the torrent file goes. Left out of the content when it lies there. */
  readonly out: string;
  readonly version: MetainfoVersion;
  /** Bytes; chosen by the size of the content when left out. */
  readonly pieceLength: number | undefined;
  readonly labels: CreateLabels;
  readonly signal: AbortSignal;
  /** Called before the first byte is read. */
  readonly onPlan?: (plan: CreatePlan) => void;
  /** Called with all bytes read so far. */
  readonly onProgress?: (bytesRead: number) => void;
}

/** What {@link createTorrent} works with. */
export interface CreateModules {
  readonly files: FileSystem;
  readonly pool: ReadPool;
}

/** What came of it. */
export interface CreatedTorrent {
  /** As any other program will read it. */
  readonly metainfo: Metainfo;
  /** Names that other systems cannot store. */
  readonly warnings: readonly string[];
}

/** Files looked at side by side. */
const FILES_AT_ONCE = 64;

/**
 * Makes a torrent file: finds the content, reads it once on all threads, writes. What can be refused is refused
 * before the reading begins. Rejects with AlliumError: BAD_USAGE, UNSAFE_PATH and what {@link scanContent} says;
 * FILE_CHANGED when a file is not the same after reading; NO_PERMISSION, NO_SPACE, IO_FAILED.
 */
export async function createTorrent(options: CreateOptions, modules: CreateModules): Promise<CreatedTorrent> {
  const { path, out, signal, version } = options;
  const { files, pool } = modules;
  if (options.pieceLength !== undefined) checkPieceLength(options.pieceLength);
  await checkOut(out, files);
  const content = await scanContent({ path, except: out, signal }, files);
  const plan = planContent(content, version, options.pieceLength ?? choosePieceLength(content.contentBytes));
  checkPlan(plan);
  await checkReadable(content);
  options.onPlan?.(plan);
  const hashes = await hashContent(
    {
      layout: plan,
      pathOf: (index) => plan.files[index]?.source?.source ?? '',
      signal,
      ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
    },
    pool,
  );
  await checkUnchanged(content, files);
  const bytes = buildTorrent(plan, hashes, options.labels);
  const metainfo = parseMetainfo(bytes);
  await files.writeFile(out, bytes);
  return { metainfo, warnings: [...content.warnings, ...metainfo.warnings.filter(isAboutClashes)] };
}

/** Warnings about single names were found with the files already, where they can say the whole path. */
function isAboutClashes(warning: string): boolean {
  return warning.startsWith('file names differ');
}

/** A torrent with more than this could not even be read back. */
function checkPlan(plan: CreatePlan): void {
  const { fileCountMax, pieceCountMax } = METAINFO_LIMITS;
  if (plan.files.length > fileCountMax) {
    throw new AlliumError('BAD_USAGE', `with padding there are more than ${fileCountMax} files`, {
      advice: 'Make a v1 torrent, or several.',
    });
  }
  if (plan.totalBytes / plan.pieceLength > pieceCountMax) {
    throw new AlliumError('BAD_USAGE', `there are more than ${pieceCountMax} pieces`, {
      advice: 'Give a longer --piece-length.',
      details: { pieceLength: plan.pieceLength },
    });
  }
}

/** The result must have a place before hours are spent on it, and must not take the place of data. */
async function checkOut(out: string, files: FileSystem): Promise<void> {
  const folder = dirname(out);
  const parent = await files.stat(folder);
  if (parent?.kind !== 'directory') {
    throw new AlliumError(parent === undefined ? 'NOT_FOUND' : 'WRONG_KIND', `${folder} is no folder`, {
      advice: 'Make the folder first, or choose another place for the torrent file.',
      details: { path: out },
    });
  }
  // Written beside it and renamed, so the folder has to take it.
  await access(folder, constants.W_OK).catch((error: unknown) => {
    throw fileError(error, 'write to', folder);
  });
  const stat = await files.stat(out);
  if (stat === undefined) return;
  if (stat.kind === 'file' && (stat.byteLength === 0 || (await looksLikeTorrent(out, files)))) return;
  const what = stat.kind === 'file' ? 'is there and is no torrent file' : 'is there and is no file';
  throw new AlliumError('WRONG_KIND', `${out} ${what}; it was left alone`, {
    advice: 'Choose another name for the torrent file.',
    details: { path: out },
  });
}

/** Begins as a bencoded dictionary does. */
async function looksLikeTorrent(path: string, files: FileSystem): Promise<boolean> {
  const start = new Uint8Array(2);
  const handle = await files.open(path, 'read');
  try {
    await handle.readv([start], 0);
  } finally {
    await handle.close();
  }
  return /^d[0-9e]$/.test(Buffer.from(start).toString('latin1'));
}

async function eachFile(content: FoundContent, look: (file: FoundFile) => Promise<void>): Promise<void> {
  for (let from = 0; from < content.files.length; from += FILES_AT_ONCE) {
    await Promise.all(content.files.slice(from, from + FILES_AT_ONCE).map(look));
  }
}

async function checkReadable(content: FoundContent): Promise<void> {
  await eachFile(content, async ({ source }) => {
    try {
      await access(source, constants.R_OK);
    } catch (error) {
      throw fileError(error, 'read', source);
    }
  });
}

async function checkUnchanged(content: FoundContent, files: FileSystem): Promise<void> {
  await eachFile(content, async ({ source, byteLength, modifiedMs }) => {
    const now = await files.stat(source);
    if (now?.byteLength === byteLength && now.modifiedMs === modifiedMs) return;
    throw new AlliumError('FILE_CHANGED', `${source} changed while it was read`, {
      advice: 'Try again when nobody writes to it. No torrent file was written.',
      details: { path: source },
    });
  });
}
