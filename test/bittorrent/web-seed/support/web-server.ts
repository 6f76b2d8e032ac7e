import type { HttpRequest, HttpResponse } from '../../../../engine/runtime/port.ts';
import type { MadeTorrent } from '../../support/make-torrent.ts';

const NOT_FOUND: HttpResponse = { status: 404, body: new Uint8Array(0) };

/** What a web server answers that has the files of a torrent in this folder. */
export function answerRange(made: MadeTorrent, folder: string, request: HttpRequest): HttpResponse {
  const path = decodeURIComponent(new URL(request.url).pathname);
  const bytes = path.startsWith(folder) ? made.content.get(path.slice(folder.length)) : undefined;
  if (bytes === undefined) return NOT_FOUND;
  const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers?.['range'] ?? '');
  if (range === null) return { status: 200, body: bytes };
  const [first, last] = [Number(range[1]), Number(range[2])];
  if (first >= bytes.length) return { status: 416, body: new Uint8Array(0) };
  return { status: 206, body: bytes.slice(first, last + 1) };
}

/** What a BEP 17 seed answers. Checks the info-hash as well. */
export function answerPieces(made: MadeTorrent, request: HttpRequest): HttpResponse {
  const query = new URL(request.url).search;
  const hash = /info_hash=((?:%[0-9A-F]{2}){20})/.exec(query)?.[1]?.replaceAll('%', '').toLowerCase();
  if (hash !== Buffer.from(made.metainfo.infoHashV1!).toString('hex')) return NOT_FOUND;
  const piece = Number(/piece=(\d+)/.exec(query)?.[1]);
  const range = /ranges=(\d+)-(\d+)/.exec(query);
  if (range === null) return NOT_FOUND;
  const start = piece * made.metainfo.pieceLength;
  const whole = Buffer.concat([...made.content.values()]);
  return { status: 200, body: whole.subarray(start + Number(range[1]), start + Number(range[2]) + 1) };
}
