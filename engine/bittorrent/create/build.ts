import {
  type BencodeInput,
  type BencodeRecord,
  bytesAsKey,
  encodeBencode,
  RawBencode,
} from '../../codec/bencode.ts';
import { type FileIndex, fileIndex } from '../units.ts';
import type { CreatePlan } from './plan.ts';

/** What the reading of the content gave. */
export interface CreateHashes {
  /** 20 bytes for each piece; empty for v2. */
  readonly pieces: Uint8Array;
  /** BEP 52, of files longer than a piece. */
  readonly pieceLayers: ReadonlyMap<FileIndex, Uint8Array>;
  /** BEP 52, of files that are neither empty nor padding. */
  readonly piecesRoots: ReadonlyMap<FileIndex, Uint8Array>;
}

/** What the user says about a torrent. */
export interface CreateLabels {
  /** BEP 12 tiers. */
  readonly trackers: readonly (readonly string[])[];
  readonly webSeeds: readonly string[];
  readonly isPrivate: boolean;
  readonly source: string | undefined;
  readonly comment: string | undefined;
  readonly createdBy: string | undefined;
  /** Unix seconds. */
  readonly creationDate: number | undefined;
}

/** The torrent file, canonical. Keys that say nothing are left out: they would change the info-hash for nothing. */
export function buildTorrent(plan: CreatePlan, hashes: CreateHashes, labels: CreateLabels): Uint8Array {
  const info = encodeBencode({
    name: plan.name,
    'piece length': plan.pieceLength,
    private: labels.isPrivate ? 1 : undefined,
    source: labels.source,
    ...(plan.version === 'v2' ? {} : fieldsV1(plan, hashes)),
    ...(plan.version === 'v1' ? {} : { 'meta version': 2, 'file tree': fileTree(plan, hashes) }),
  });
  return encodeBencode({
    ...announceFields(labels.trackers),
    comment: labels.comment,
    'created by': labels.createdBy,
    'creation date': labels.creationDate,
    info: new RawBencode(info),
    'piece layers': plan.version === 'v1' ? undefined : pieceLayers(hashes),
    'url-list': labels.webSeeds.length === 1 ? labels.webSeeds[0] : nonEmpty(labels.webSeeds),
  });
}

function nonEmpty<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length === 0 ? undefined : list;
}

/** BEP 12: `announce` for those who know no tiers, `announce-list` only when there is more to say. */
function announceFields(tiers: readonly (readonly string[])[]): BencodeRecord {
  const all = tiers.flat();
  return { announce: all[0], 'announce-list': all.length > 1 ? tiers : undefined };
}

function fieldsV1(plan: CreatePlan, hashes: CreateHashes): BencodeRecord {
  if (plan.isSingleFile) return { length: plan.totalBytes, pieces: hashes.pieces };
  const files = plan.files.map((file) => ({
    attr: file.isPadding ? 'p' : undefined,
    length: file.byteLength,
    path: file.path,
  }));
  return { files, pieces: hashes.pieces };
}

type Folder = Map<string, BencodeInput | Folder>;

/** BEP 52: folders are dictionaries, a file is one with an empty key. An empty file has no root. */
function fileTree(plan: CreatePlan, hashes: CreateHashes): Folder {
  const tree: Folder = new Map();
  for (const [index, file] of plan.files.entries()) {
    if (file.isPadding) continue;
    let folder = tree;
    for (const name of plan.isSingleFile ? [plan.name] : file.path) {
      const key = bytesAsKey(Buffer.from(name));
      let next = folder.get(key);
      if (!(next instanceof Map)) {
        next = new Map();
        folder.set(key, next);
      }
      folder = next as Folder;
    }
    folder.set('', { length: file.byteLength, 'pieces root': hashes.piecesRoots.get(fileIndex(index)) });
  }
  return tree;
}

function pieceLayers(hashes: CreateHashes): Map<string, Uint8Array> {
  const layers = new Map<string, Uint8Array>();
  for (const [file, layer] of hashes.pieceLayers) {
    const root = hashes.piecesRoots.get(file);
    if (root !== undefined) layers.set(bytesAsKey(root), layer);
  }
  return layers;
}
