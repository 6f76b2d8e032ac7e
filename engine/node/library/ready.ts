import { Bitfield } from '../../bittorrent/bitfield.ts';
import { Layout } from '../../bittorrent/layout.ts';
import { parseMetainfo } from '../../bittorrent/metainfo/parse.ts';
import type { Metainfo } from '../../bittorrent/metainfo/types.ts';
import { fileIndex } from '../../bittorrent/units.ts';
import type { FileSystem } from '../../runtime/port.ts';
import { type Belief, judgeFiles, mergeNotes, type RunEnd } from '../resume/decide.ts';
import { markFiles } from '../resume/file-marks.ts';
import { damaged } from '../store/record.ts';
import type { FileMark, StoredResume } from '../store/schema.ts';

/** A torrent of the store, made ready to be run. */
export interface ReadyTorrent extends Belief {
  readonly infoHash: string;
  /** With files and trackers as the owner of the torrent wants them. */
  readonly metainfo: Metainfo;
  readonly generation: number;
  /** The store says something else; it has to be saved before the journal is given up. */
  readonly changed: boolean;
  readonly adopting: boolean;
  readonly marks: readonly FileMark[];
  readonly downloadedBytes: number;
  readonly uploadedBytes: number;
  /** Paths of files that held verified pieces and are gone. */
  readonly missing: readonly string[];
}

/** Where the content of a torrent lies, and how it is announced. */
export interface Placement {
  readonly root: string;
  readonly trackers: Metainfo['trackers'];
  /** Files that are not where the torrent says: index and path below the root. */
  readonly paths: readonly (readonly [number, string])[];
}

/** Everything of the last run was saved, or has been judged since: files are as recorded or they are not. */
export const SETTLED_END: RunEnd = { clean: true, sameBoot: true, lastWriteMs: 0 };

/** The torrent as its owner has it: with other trackers, files under other names. */
export function placed(metainfo: Metainfo, { trackers, paths }: Omit<Placement, 'root'>): Metainfo {
  if (paths.length === 0) return { ...metainfo, trackers };
  const files = [...metainfo.files];
  for (const [index, path] of paths) {
    const file = files[index];
    if (file !== undefined) files[index] = { ...file, path: path.split('/') };
  }
  return { ...metainfo, trackers, files };
}

/** The name a torrent goes by in a node: its v1 info-hash, or the v2 one where there is no other; hexadecimal. */
export function infoHashOf(metainfo: Metainfo): string {
  return Buffer.from(metainfo.infoHashV1 ?? metainfo.infoHashV2!).toString('hex');
}

/**
 * A torrent the node is given: nothing is believed, and what lies in the place of its files is in doubt.
 */
export async function newResume(
  metainfo: Metainfo,
  root: string,
  modules: { readonly files: FileSystem; readonly nowMs: number },
): Promise<StoredResume> {
  const marks = await markFiles(metainfo, root, modules.files);
  const layout = new Layout(metainfo);
  const doubt = new Bitfield(metainfo.pieceCount);
  marks.forEach((mark, index) => {
    if (mark === null || mark.byteLength === 0) return;
    const { first, end } = layout.piecesOf(fileIndex(index));
    for (let piece: number = first; piece < end; piece += 1) doubt.set(piece);
  });
  return {
    generation: 1,
    have: new Bitfield(metainfo.pieceCount).bytes,
    doubt: doubt.bytes,
    adopting: !doubt.isEmpty,
    files: marks,
    savedAtMs: modules.nowMs,
    downloadedBytes: 0,
    uploadedBytes: 0,
  };
}

/**
 * What to believe of a torrent of the store in face of how the last run ended and of its files. With `acceptLoss` the
 * pieces of files that are gone are taken for lost. Throws BAD_STATE when the store contradicts itself.
 */
export async function makeReady(
  torrent: {
    readonly infoHash: string;
    readonly placement: Placement;
    readonly torrentFile: Uint8Array;
    readonly resume: StoredResume;
    readonly notes: readonly number[];
  },
  end: RunEnd,
  files: FileSystem,
  acceptLoss = false,
): Promise<ReadyTorrent> {
  const { infoHash, placement, resume, notes } = torrent;
  const metainfo = placed(parseStored(infoHash, torrent.torrentFile), placement);
  const saved = beliefOf(infoHash, metainfo, resume);
  const merged = mergeNotes(saved, notes, end);
  const layout = new Layout(metainfo);
  const found = await markFiles(metainfo, placement.root, files);
  const lastWriteMs = Math.max(end.lastWriteMs, resume.savedAtMs);
  const recorded = resume.files;
  const judged = judgeFiles(merged, { metainfo, layout, recorded, found }, { ...end, lastWriteMs });
  const gone = judged.missing.map((index) => metainfo.files[index]!.path.join('/'));
  const missing = acceptLoss ? [] : gone;
  // With files gone nothing is to be forgotten: they may be on a disk that is not mounted.
  const belief = missing.length > 0 ? merged : judged;
  const isSame = belief.have.equals(saved.have) && belief.doubt.equals(saved.doubt);
  const changed = !isSame || notes.length > 0;
  return {
    infoHash,
    metainfo,
    have: belief.have,
    doubt: belief.doubt,
    missing,
    changed,
    adopting: resume.adopting,
    // Notes of the old generation are in `have` and `doubt` by now and must not be read again.
    generation: resume.generation + (changed ? 1 : 0),
    marks: missing.length > 0 ? recorded : found,
    downloadedBytes: resume.downloadedBytes,
    uploadedBytes: resume.uploadedBytes,
  };
}

/** How it is saved. */
export function resumeOf(ready: ReadyTorrent, nowMs: number): StoredResume {
  return {
    generation: ready.generation,
    have: ready.have.bytes.slice(),
    doubt: ready.doubt.bytes.slice(),
    adopting: ready.adopting,
    files: [...ready.marks],
    savedAtMs: nowMs,
    downloadedBytes: ready.downloadedBytes,
    uploadedBytes: ready.uploadedBytes,
  };
}

/** The torrent in a file of the store. Throws BAD_STATE when it is damaged or another one. */
export function parseStored(infoHash: string, torrentFile: Uint8Array): Metainfo {
  try {
    const metainfo = parseMetainfo(torrentFile);
    if (infoHashOf(metainfo) === infoHash) return metainfo;
  } catch (error) {
    throw damaged(`torrent ${infoHash}`, 'its torrent file is not valid', error);
  }
  throw damaged(`torrent ${infoHash}`, 'its torrent file is another one');
}

function beliefOf(infoHash: string, metainfo: Metainfo, resume: StoredResume): Belief {
  const { pieceCount } = metainfo;
  try {
    return {
      have: new Bitfield(pieceCount, Uint8Array.from(resume.have)),
      doubt: new Bitfield(pieceCount, Uint8Array.from(resume.doubt)),
    };
  } catch (error) {
    throw damaged(`resume data of ${infoHash}`, 'it is of another torrent', error);
  }
}
