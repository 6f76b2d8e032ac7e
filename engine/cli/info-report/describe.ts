import { magnetLink } from '../../bittorrent/magnet/encode.ts';
import type { Metainfo, TorrentFile } from '../../bittorrent/metainfo/types.ts';
import { asDict, decodeBencode } from '../../codec/bencode.ts';
import { hex } from '../../codec/hex.ts';
import { printable } from '../../codec/text.ts';
import { formatBytes } from '../../codec/units.ts';

const KNOWN_OUTER: ReadonlySet<string> = new Set([
  ...['announce', 'announce-list', 'comment', 'comment.utf-8', 'created by', 'created by.utf-8'],
  ...['creation date', 'encoding', 'piece layers', 'url-list'],
]);
const KNOWN_INFO: ReadonlySet<string> = new Set([
  ...[
    'file tree',
    'files',
    'length',
    'meta version',
    'name',
    'name.utf-8',
    'piece length',
    'pieces',
    'private',
  ],
  ...['source', 'attr', 'symlink path'],
]);

/** Keys that this program keeps but does not know, of the outer and of the info dictionary. */
export function otherKeys(metainfo: Metainfo): { readonly outer: string[]; readonly info: string[] } {
  const result = decodeBencode(metainfo.rawInfo, { itemCountMax: Infinity, byteLengthMax: Infinity });
  const info = result.ok ? asDict(result.value) : undefined;
  return {
    outer: [...metainfo.outer.keys()].filter((key) => !KNOWN_OUTER.has(key)),
    info: [...(info?.keys() ?? [])].filter((key) => !KNOWN_INFO.has(key)),
  };
}

/** Everything about a torrent as plain values, the form of `allium info --json`. Hashes are hexadecimal. */
export function torrentJson(metainfo: Metainfo): Readonly<Record<string, unknown>> {
  const { name, version, pieceLength, pieceCount, totalBytes, contentBytes, isSingleFile } = metainfo;
  const { isPrivate, trackers, webSeeds, source, comment, createdBy, creationDate, warnings } = metainfo;
  return {
    ...{
      name,
      version,
      infoHashV1: hexOrNull(metainfo.infoHashV1),
      infoHashV2: hexOrNull(metainfo.infoHashV2),
    },
    ...{ pieceLength, pieceCount, totalBytes, contentBytes, isSingleFile, isPrivate, trackers, webSeeds },
    ...{ source: source ?? null, comment: comment ?? null, createdBy: createdBy ?? null },
    creationDate: creationDate ?? null,
    magnet: magnetLink(metainfo),
    otherKeys: otherKeys(metainfo),
    files: metainfo.files.map(fileJson),
    warnings,
  };
}

function hexOrNull(hash: Uint8Array | undefined): string | null {
  return hash === undefined ? null : hex(hash);
}

function fileJson(file: TorrentFile): Readonly<Record<string, unknown>> {
  const { executable, hidden, symlinkTarget } = file.attributes;
  return {
    path: file.path.join('/'),
    byteLength: file.byteLength,
    offset: file.offset,
    ...(file.isPadding ? { isPadding: true } : {}),
    ...(executable ? { executable } : {}),
    ...(hidden ? { hidden } : {}),
    ...(symlinkTarget === undefined ? {} : { symlinkTarget: symlinkTarget.join('/') }),
    ...(file.piecesRoot === undefined ? {} : { piecesRoot: hex(file.piecesRoot) }),
  };
}

/** Everything but the files, one line each: the text of `allium info`. */
export function torrentLines(metainfo: Metainfo): string[] {
  const stored = metainfo.files.filter((file) => !file.isPadding);
  const fileCount = stored.length === 1 ? '1 file' : `${stored.length} files`;
  const paddingBytes = metainfo.files.reduce((sum, file) => sum + (file.isPadding ? file.byteLength : 0), 0);
  const padding = paddingBytes === 0 ? '' : `, and ${formatBytes(paddingBytes)} of padding`;
  const other = otherKeys(metainfo);
  const rows: [title: string, value: string | undefined][] = [
    ['Name', metainfo.name],
    ['Version', metainfo.version],
    ['Info-hash v1', metainfo.infoHashV1 && hex(metainfo.infoHashV1)],
    ['Info-hash v2', metainfo.infoHashV2 && hex(metainfo.infoHashV2)],
    [
      'Content',
      `${formatBytes(metainfo.contentBytes)} (${metainfo.contentBytes} bytes) in ${fileCount}${padding}`,
    ],
    ['Pieces', `${metainfo.pieceCount} of ${formatBytes(metainfo.pieceLength)}`],
    ['Private', metainfo.isPrivate ? 'yes' : undefined],
    ...metainfo.trackers.map((tier, index): [string, string] => [
      index === 0 ? 'Trackers' : '',
      tier.join('  '),
    ]),
    ...metainfo.webSeeds.map((url, index): [string, string] => [index === 0 ? 'Web seeds' : '', url]),
    ['Source', metainfo.source],
    ['Comment', metainfo.comment],
    ['Created by', metainfo.createdBy],
    ['Created on', dateText(metainfo.creationDate)],
    ['Other keys', [...other.outer, ...other.info.map((key) => `info.${key}`)].join(', ') || undefined],
    ['Magnet', magnetLink(metainfo)],
    ...metainfo.warnings.map((warning, index): [string, string] => [index === 0 ? 'Warnings' : '', warning]),
  ];
  return rows
    .filter((row): row is [string, string] => row[1] !== undefined)
    .map(([title, value]) => `${title.padEnd(13)} ${printable(value)}`);
}

/** `2024-05-01 12:00:00 UTC`; the number itself when it is beyond any calendar. */
function dateText(unixSeconds: number | undefined): string | undefined {
  if (unixSeconds === undefined) return undefined;
  const date = new Date(unixSeconds * 1000);
  if (Number.isNaN(date.getTime())) return String(unixSeconds);
  return `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** The stored files as an indented tree, in the order of the torrent. */
export function fileTreeLines(metainfo: Metainfo): string[] {
  const lines: string[] = [];
  let open: readonly string[] = [];
  for (const file of metainfo.files) {
    if (file.isPadding) continue;
    const folders = file.path.slice(0, -1);
    let depth = 0;
    while (depth < folders.length && folders[depth] === open[depth]) depth += 1;
    for (; depth < folders.length; depth += 1)
      lines.push(`${'  '.repeat(depth)}${printable(folders[depth] ?? '')}/`);
    open = folders;
    lines.push(`${'  '.repeat(folders.length)}${printable(file.path.at(-1) ?? '')}  ${fileNote(file)}`);
  }
  return lines;
}

function fileNote(file: TorrentFile): string {
  const { executable, hidden, symlinkTarget } = file.attributes;
  if (symlinkTarget !== undefined) return `-> ${printable(symlinkTarget.join('/'))}`;
  const marks = [executable ? 'executable' : '', hidden ? 'hidden' : ''].filter((mark) => mark !== '');
  return [formatBytes(file.byteLength), ...marks].join(', ');
}
