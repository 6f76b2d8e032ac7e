import { join, resolve } from 'node:path';
import { Bitfield } from '../../bittorrent/bitfield.ts';
import { Layout } from '../../bittorrent/layout.ts';
import { isInSpans } from '../../bittorrent/magnet/file-spans.ts';
import { parseMagnet } from '../../bittorrent/magnet/parse.ts';
import type { FileSpan } from '../../bittorrent/magnet/types.ts';
import { parseMetainfo } from '../../bittorrent/metainfo/parse.ts';
import type { Metainfo } from '../../bittorrent/metainfo/types.ts';
import { AlliumError } from '../../codec/error.ts';
import { hex } from '../../codec/hex.ts';
import type { FileSystem } from '../../runtime/port.ts';
import type { AddRequest } from '../control/control.ts';
import type { FileWish } from '../control/details.ts';
import type { FoundData } from '../cross-seed/find-data.ts';
import type { StoredResume } from '../store/schema.ts';
import { SUMMARY_FLAGS as FLAGS, type StoredSummary } from '../store/summary.ts';
import { NO_BYTES, NO_LIMITS } from './entry.ts';
import { summaryOfMetainfo } from './loading.ts';
import { infoHashOf, newResume, placed } from './ready.ts';
import { doneBytesOf, wantedBytesOf } from './wishes.ts';

/** What is to be remembered of a torrent that is new. */
export interface NewTorrent {
  readonly infoHash: string;
  readonly summary: Omit<StoredSummary, 'number'>;
  readonly content: { readonly torrentFile: Uint8Array; readonly resume: StoredResume } | undefined;
}

export interface AddModules {
  readonly files: FileSystem;
  readonly nowMs: number;
  readonly aliveMs: number;
  /** Where it goes when nobody says. */
  readonly defaultRoot: string;
  readonly startWhenAdded: boolean;
  readonly queuePosition: number;
  /** Data that was found elsewhere. */
  readonly found?: Pick<FoundData, 'root' | 'paths'> | undefined;
  /** Whether another torrent has this file or folder. */
  readonly isTaken: (path: string) => boolean;
}

/** What the request names. Throws BAD_BENCODE, BAD_TORRENT, UNSAFE_PATH or BAD_USAGE. */
export function nameOf(request: AddRequest): { readonly infoHash: string; readonly metainfo?: Metainfo } {
  if ('torrentFile' in request.source) {
    const metainfo = parseMetainfo(request.source.torrentFile);
    return { infoHash: infoHashOf(metainfo), metainfo };
  }
  const { infoHashV1, infoHashV2 } = parseMagnet(request.source.magnet);
  const infoHash = infoHashV1 ?? infoHashV2;
  if (infoHash !== undefined) return { infoHash: hex(infoHash) };
  throw new AlliumError('BAD_USAGE', 'this magnet link names no info-hash, only a key', {
    advice: 'Torrents that are found by a key are for allium get.',
  });
}

/** A torrent as it will be remembered. Rejects with BAD_USAGE for a wrong folder or name. */
export async function newTorrent(
  request: AddRequest,
  { infoHash, metainfo }: ReturnType<typeof nameOf>,
  modules: AddModules,
): Promise<NewTorrent> {
  const root = rootOf(request, modules);
  if (metainfo === undefined) {
    if (!('magnet' in request.source)) throw new TypeError('neither a torrent nor a link');
    return {
      infoHash,
      summary: magnetSummary(request.source.magnet, infoHash, root, request, modules),
      content: undefined,
    };
  }
  if (!('torrentFile' in request.source)) throw new TypeError('no torrent file');
  return newContent(request.source.torrentFile, metainfo, request, { ...modules, root, infoHash });
}

/** A torrent whose metadata is there. */
export async function newContent(
  torrentFile: Uint8Array,
  metainfo: Metainfo,
  request: Omit<AddRequest, 'source'>,
  modules: AddModules & { readonly root: string; readonly infoHash: string },
): Promise<NewTorrent> {
  const { infoHash, files, nowMs } = modules;
  const paths = modules.found?.paths ?? renamed(metainfo, request.rename);
  const own = placed(metainfo, { trackers: metainfo.trackers, paths });
  const isOwnFolder =
    modules.found === undefined &&
    request.root === undefined &&
    modules.isTaken(join(modules.root, own.files[0]?.path[0] ?? ''));
  const root = isOwnFolder
    ? join(modules.root, infoHash.slice(0, 12))
    : (modules.found?.root ?? modules.root);
  const looked = await newResume(own, root, { files, nowMs });
  const resume = request.skipCheck === true ? believed(own, looked) : looked;
  const wishes = wishBytes(request.wishes, metainfo.files.length);
  const have = new Bitfield(metainfo.pieceCount, Uint8Array.from(resume.have));
  const summary = {
    ...summaryOfMetainfo(own, root),
    ...chosen(request, modules),
    name: request.rename ?? metainfo.name,
    doneBytes: doneBytesOf(own, wishes, have),
    pieceDoneCount: have.count,
    wantedBytes: wantedBytesOf(own, wishes),
    wishes,
    paths,
  };
  const doubtful = resume.doubt.some((byte) => byte !== 0);
  const more = (metainfo.isPrivate ? FLAGS.private : 0) | FLAGS.settled | (doubtful ? FLAGS.doubtful : 0);
  return { infoHash, summary: { ...summary, flags: summary.flags | more }, content: { torrentFile, resume } };
}

/** A magnet link whose metadata has come: what that says, and what the owner has chosen meanwhile. */
export function filled(before: StoredSummary, found: NewTorrent['summary'], number: number): StoredSummary {
  const own = FLAGS.stopped | FLAGS.forced | FLAGS.sequential | FLAGS.superSeed;
  const { name, infoHashV2, totalBytes, wantedBytes, doneBytes, pieceCount, pieceLength, pieceDoneCount } =
    found;
  const { fileCount, root, contentName, trackers, wishes, paths } = found;
  return {
    ...before,
    ...{ name, infoHashV2, totalBytes, wantedBytes, doneBytes, pieceCount, pieceLength, pieceDoneCount },
    ...{ fileCount, root, contentName, trackers, wishes, paths, number },
    flags: (before.flags & own) | (found.flags & ~own),
    magnet: '',
  };
}

/** BEP 53: the wishes that stand for the files of a link. */
export function wishesOfSpans(
  fileCount: number,
  spans: readonly FileSpan[] | undefined,
): readonly FileWish[] {
  if (spans === undefined) return [];
  return Array.from({ length: fileCount }, (_, index) => (isInSpans(index, spans) ? 2 : 0));
}

function rootOf(request: AddRequest, modules: AddModules): string {
  const root = request.root ?? modules.defaultRoot;
  if (root === resolve(root)) return root;
  throw new AlliumError('BAD_USAGE', `${root} is no absolute path`, { advice: 'Give the whole path.' });
}

function chosen(
  request: Omit<AddRequest, 'source'>,
  modules: AddModules,
): Pick<
  StoredSummary,
  | 'flags'
  | 'category'
  | 'tags'
  | 'downLimit'
  | 'upLimit'
  | 'seedLimits'
  | 'addedAtMs'
  | 'aliveMs'
  | 'queueKey'
  | 'lastActiveMs'
> {
  const flag = (on: boolean | undefined, bit: number): number => (on === true ? bit : 0);
  const { ratio, seedTimeMs, idleTimeMs } = request.seedLimits ?? NO_LIMITS;
  return {
    flags:
      flag(request.stopped ?? !modules.startWhenAdded, FLAGS.stopped) |
      flag(request.forced, FLAGS.forced) |
      flag(request.sequential, FLAGS.sequential),
    category: request.category ?? '',
    tags: [...new Set(request.tags)],
    downLimit: request.downLimit ?? 0,
    upLimit: request.upLimit ?? 0,
    seedLimits: [ratio ?? null, seedTimeMs ?? null, idleTimeMs ?? null],
    addedAtMs: modules.nowMs,
    lastActiveMs: 0,
    aliveMs: modules.aliveMs,
    queueKey: modules.queuePosition,
  };
}

function magnetSummary(
  magnet: string,
  infoHash: string,
  root: string,
  request: AddRequest,
  modules: AddModules,
): Omit<StoredSummary, 'number'> {
  const { name, infoHashV2, trackers } = parseMagnet(magnet);
  const shown = request.rename ?? name ?? infoHash;
  return {
    ...{ totalBytes: 0, wantedBytes: 0, doneBytes: 0, pieceCount: 0, pieceLength: 0, pieceDoneCount: 0 },
    ...{
      fileCount: 0,
      downloadedBytes: 0,
      uploadedBytes: 0,
      wastedBytes: 0,
      completedAtMs: 0,
      lastCheckedMs: 0,
    },
    ...{ downloadingMs: 0, seedingMs: 0, error: '', peersMax: 0, paths: [] },
    ...chosen(request, modules),
    name: shown,
    infoHashV2: infoHashV2 === undefined ? '' : hex(infoHashV2),
    root,
    // A stranger's text is no file name.
    contentName: '',
    trackers: trackers.map((url) => [url]),
    magnet,
    wishes: wishBytes(request.wishes, request.wishes?.length ?? 0),
  };
}

function wishBytes(wishes: readonly FileWish[] | undefined, fileCount: number): Uint8Array {
  if (wishes === undefined || wishes.every((wish) => wish === 2)) return NO_BYTES;
  const bytes = new Uint8Array(fileCount).fill(2);
  bytes.set(wishes.slice(0, fileCount));
  return bytes;
}

/** The file or the folder of the torrent under another name. */
function renamed(metainfo: Metainfo, name: string | undefined): readonly (readonly [number, string])[] {
  if (name === undefined || name === metainfo.name) return [];
  if (!isFileName(name)) {
    throw new AlliumError('BAD_USAGE', `“${name}” cannot be the name of a file`, {
      advice: 'Give another name.',
    });
  }
  return metainfo.files.map(({ path }, index) => [index, [name, ...path.slice(1)].join('/')]);
}

/** Whether text can be one part of a path: it leads nowhere else. */
export function isFileName(name: string): boolean {
  const isShort = name !== '' && name.length <= 255;
  return isShort && name !== '.' && name !== '..' && !/[/\\\p{Cc}]/u.test(name);
}

/** Without reading: files of the right size are taken for right, the others stay in doubt. */
function believed(metainfo: Metainfo, resume: StoredResume): StoredResume {
  const layout = new Layout(metainfo);
  const have = Bitfield.full(metainfo.pieceCount);
  for (const [index, file] of metainfo.files.entries()) {
    if (file.isPadding || file.byteLength === 0) continue;
    if (resume.files[index]?.byteLength === file.byteLength) continue;
    const { first, end } = layout.piecesOf(index as Parameters<Layout['piecesOf']>[0]);
    for (let piece: number = first; piece < end; piece += 1) have.clear(piece);
  }
  const doubt = new Bitfield(metainfo.pieceCount, Uint8Array.from(resume.doubt)).andNot(have);
  return { ...resume, have: have.bytes, doubt: doubt.bytes, adopting: resume.adopting && have.isEmpty };
}
