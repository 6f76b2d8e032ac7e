import type { Layout } from '../layout.ts';
import type { Metainfo } from '../metainfo/types.ts';
import { blockOffset, pieceIndex } from '../units.ts';
import type { Span, WebSeedPart } from './types.ts';

/**
 * BEP 19: where a file of the torrent lies on a web seed. A URL that ends with a slash is a folder that has the
 * torrent's name in it; any other is the file itself, or the folder in place of a slash for a torrent of many files.
 */
export function fileUrl(base: string, path: readonly string[], isSingleFile: boolean): string {
  if (isSingleFile && !base.endsWith('/')) return base;
  const folder = base.endsWith('/') ? base : `${base}/`;
  return folder + path.map(encodeURIComponent).join('/');
}

/** BEP 19: the parts of a span, file by file. Neighbours of one file are one part, whatever pieces they are of. */
export function filePartsOf(
  base: string,
  { offset, byteLength }: Span,
  { metainfo, layout }: { readonly metainfo: Metainfo; readonly layout: Layout },
): readonly WebSeedPart[] {
  const parts: { file: number; part: WebSeedPart }[] = [];
  const end = offset + byteLength;
  for (let at = offset; at < end; ) {
    const piece = pieceIndex(Math.floor(at / layout.pieceLength));
    const begin = at - piece * layout.pieceLength;
    const length = Math.min(layout.pieceLengthOf(piece) - begin, end - at);
    if (length <= 0) throw new RangeError(`bytes ${offset}+${byteLength} are not all of the torrent`);
    for (const extent of layout.extentsOf(piece, blockOffset(begin), length)) {
      const before = parts.at(-1);
      if (before?.file === extent.file) {
        before.part = { ...before.part, byteLength: before.part.byteLength + extent.byteLength };
        continue;
      }
      const file = metainfo.files[extent.file]!;
      parts.push({
        file: extent.file,
        part: {
          url: extent.isPadding ? undefined : fileUrl(base, file.path, metainfo.isSingleFile),
          position: extent.position,
          byteLength: extent.byteLength,
          fileBytes: file.byteLength,
        },
      });
    }
    at += length;
  }
  return parts.map(({ part }) => part);
}

/** BEP 17: the part of a span, piece by piece; `infoHash` is the one of v1. */
export function piecePartsOf(
  base: string,
  { offset, byteLength }: Span,
  { infoHash, layout }: { readonly infoHash: Uint8Array; readonly layout: Layout },
): readonly WebSeedPart[] {
  const parts: WebSeedPart[] = [];
  const end = offset + byteLength;
  const hash = [...infoHash].map((byte) => `%${byte.toString(16).padStart(2, '0').toUpperCase()}`).join('');
  for (let at = offset; at < end; ) {
    const piece = Math.floor(at / layout.pieceLength);
    const begin = at - piece * layout.pieceLength;
    const length = Math.min(layout.pieceLength - begin, end - at);
    const query = `info_hash=${hash}&piece=${piece}&ranges=${begin}-${begin + length - 1}`;
    const url = `${base}${base.includes('?') ? '&' : '?'}${query}`;
    parts.push({ url, position: 0, byteLength: length, fileBytes: 0 });
    at += length;
  }
  return parts;
}
