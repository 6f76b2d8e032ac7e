import { Bitfield } from '../../bittorrent/bitfield.ts';
import { Layout } from '../../bittorrent/layout.ts';
import { parseMetainfo } from '../../bittorrent/metainfo/parse.ts';
import type { Metainfo } from '../../bittorrent/metainfo/types.ts';
import { fileIndex } from '../../bittorrent/units.ts';
import type { FileSystem } from '../../runtime/port.ts';
import { type Belief, judgeFiles, mergeNotes, type RunEnd } from '../resume/decide.ts';
import { markFiles } from '../resume/file-marks.ts';
import { damaged } from '../store/record.ts';
import type { FileMark, StoredResume, StoredTorrent } from '../store/schema.ts';

/** A torrent of the store, made ready to be run. */
export interface ReadyTorrent extends Belief {
  readonly infoHash: string;
  readonly stored: StoredTorrent;
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
 * What to believe of a torrent of the store in face of how the last run ended and of its files. Throws BAD_STATE
 * when the store contradicts itself.
 */
export async function makeReady(
  torrent: {
    readonly infoHash: string;
    readonly stored: StoredTorrent;
    readonly resume: StoredResume;
    readonly notes: readonly number[];
  },
  end: RunEnd,
  files: FileSystem,
): Promise<ReadyTorrent> {
  const { infoHash, stored, resume, notes } = torrent;
  const metainfo = parseStored(infoHash, stored);
  const saved = beliefOf(infoHash, metainfo, resume);
  const merged = mergeNotes(saved, notes, end);
  const layout = new Layout(metainfo);
  const found = await markFiles(metainfo, stored.root, files);
  const lastWriteMs = Math.max(end.lastWriteMs, resume.savedAtMs);
  const recorded = resume.files;
  const judged = judgeFiles(merged, { metainfo, layout, recorded, found }, { ...end, lastWriteMs });
  const missing = judged.missing.map((index) => metainfo.files[index]!.path.join('/'));
  // With files gone nothing is to be forgotten: they may be on a disk that is not mounted.
  const belief = missing.length > 0 ? merged : judged;
  const isSame = belief.have.equals(saved.have) && belief.doubt.equals(saved.doubt);
  const changed = !isSame || notes.length > 0;
  return {
    infoHash,
    stored,
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

/** A torrent that has just been added, with the {@link newResume} it was saved with. */
export function readyOf(
  infoHash: string,
  stored: StoredTorrent,
  metainfo: Metainfo,
  resume: StoredResume,
): ReadyTorrent {
  const { generation, adopting, files, downloadedBytes, uploadedBytes } = resume;
  const belief = beliefOf(infoHash, metainfo, resume);
  return {
    ...{ infoHash, stored, metainfo, ...belief, generation, adopting, downloadedBytes, uploadedBytes },
    marks: files,
    changed: false,
    missing: [],
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

function parseStored(infoHash: string, stored: StoredTorrent): Metainfo {
  try {
    const metainfo = parseMetainfo(stored.torrentFile);
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
