import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { Bitfield } from '../../bittorrent/bitfield.ts';
import type { Metainfo } from '../../bittorrent/metainfo/types.ts';
import { asBytes, asDict, asInteger, asList, type BencodeDict } from '../../codec/bencode.ts';
import type { FileWish } from '../control/details.ts';
import { wishesOf } from './libtorrent-resume.ts';
import { bytesOf, countAt, dictOf, flagAt, namesIn, secondsAt, textAt } from './read-files.ts';
import { localFile, localFolder, type PathMapping } from './source-paths.ts';
import { completeTorrent } from './torrent-bytes.ts';
import { badSource, type FileClaim, type SourceTorrent, STATE_UNKNOWN } from './types.ts';

const STATE = '.torrent.rtorrent';
/** rTorrent's priorities: 0 off, 1 normal, 2 high. */
const WISHES: readonly FileWish[] = [0, 2, 3];

/** The state files in a session folder of rTorrent. */
export function listRtorrent(folder: string): string[] {
  return namesIn(folder)
    .filter((name) => name.endsWith(STATE))
    .map((name) => join(folder, name));
}

/** Reads one torrent of rTorrent: `HASH.torrent` with `.rtorrent` and `.libtorrent_resume`. Throws BAD_STATE. */
export function readRtorrent(source: string, mappings: readonly PathMapping[]): SourceTorrent {
  const state = dictOf(bytesOf(source), 'its state');
  const base = source.slice(0, -'.rtorrent'.length);
  const resume = dictOf(bytesOf(`${base}.libtorrent_resume`), 'its resume data');
  const { torrentFile, metainfo } = completeTorrent(bytesOf(base), {});
  const { root, places } = placesOf(state, metainfo, mappings);
  const claimed = piecesOf(resume, metainfo);
  const uncertain = uncertainPieces(resume, metainfo);
  const have = claimed.andNot(uncertain);
  const files = asList(resume.get('files'));
  return {
    source,
    torrentFile,
    metainfo,
    root,
    places,
    have,
    doubt: claimed.and(uncertain),
    claims: metainfo.files.map((_, index) => claimOf(asDict(files?.[index]))),
    state: {
      ...STATE_UNKNOWN,
      addedAtMs: addedAtMs(state),
      completedAtMs: secondsAt(state, 'timestamp.finished'),
      downloadedBytes: countAt(state, 'total_downloaded'),
      uploadedBytes: countAt(state, 'total_uploaded'),
      category: labelOf(state),
      stopped: !flagAt(state, 'state'),
      wishes: wishesOf(
        metainfo.files.map((_, index) => asInteger(asDict(files?.[index])?.get('priority'))),
        WISHES,
      ),
    },
  };
}

/** `directory` is the folder of the content itself, or the one that holds the only file. */
function placesOf(
  state: BencodeDict,
  metainfo: Metainfo,
  mappings: readonly PathMapping[],
): { readonly root: string; readonly places: Map<number, string> } {
  const said = textAt(state, 'directory');
  const folder = localFolder(said.replace(/^~(?=\/|$)/, homedir()), mappings);
  const places = new Map<number, string>();
  if (metainfo.isSingleFile) return { root: folder, places };
  if (basename(folder) === metainfo.name) return { root: dirname(folder), places };
  metainfo.files.forEach((file, index) => {
    if (!file.isPadding) places.set(index, localFile(file.path.slice(1).join('/'), folder, mappings));
  });
  return { root: folder, places };
}

/** All or none of the pieces are written as a number of them. */
function piecesOf(resume: BencodeDict, metainfo: Metainfo): Bitfield {
  const { pieceCount } = metainfo;
  const value = resume.get('bitfield');
  if (typeof value === 'number') {
    if (value === pieceCount) return Bitfield.full(pieceCount);
    if (value === 0) return new Bitfield(pieceCount);
  }
  const bytes = asBytes(value);
  if (bytes === undefined) return new Bitfield(pieceCount);
  if (bytes.length !== Math.ceil(pieceCount / 8)) {
    throw badSource(`its bitfield has ${bytes.length} bytes, the torrent ${pieceCount} pieces`);
  }
  const have = new Bitfield(pieceCount);
  for (let piece = 0; piece < pieceCount; piece += 1) {
    if ((bytes[piece >>> 3]! & (0x80 >>> (piece & 7))) !== 0) have.set(piece);
  }
  return have;
}

/** Pieces written shortly before the state was saved, 32 bits each: a crash may have lost them. */
function uncertainPieces(resume: BencodeDict, metainfo: Metainfo): Bitfield {
  const uncertain = new Bitfield(metainfo.pieceCount);
  const bytes = asBytes(resume.get('uncertain_pieces'));
  if (bytes === undefined) return uncertain;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + 4 <= bytes.length; at += 4) uncertain.set(view.getUint32(at));
  return uncertain;
}

function claimOf(file: BencodeDict | undefined): FileClaim {
  const modifiedSec = asInteger(file?.get('mtime')) ?? 0;
  return modifiedSec > 0 ? { kind: 'modified', modifiedSec } : { kind: 'none' };
}

/** ruTorrent, the usual page for it, keeps the label in the first of the free fields, percent-encoded. */
function labelOf(state: BencodeDict): string {
  const text = textAt(state, 'custom1');
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** ruTorrent keeps the time it was added; else it is when it was first started. */
function addedAtMs(state: BencodeDict): number {
  const text = textAt(asDict(state.get('custom')), 'addtime').trim();
  return /^\d{1,12}$/.test(text) ? Number(text) * 1000 : secondsAt(state, 'timestamp.started');
}
