import { PRIORITY_SKIP } from '../../bittorrent/picker/types.ts';
import type { Torrent } from '../../bittorrent/torrent/torrent.ts';
import { type FileIndex, fileIndex, pieceIndex } from '../../bittorrent/units.ts';
import type { Clock } from '../../runtime/port.ts';
import { contentTypeOf, dispositionOf } from './content-type.ts';
import { FileReader } from './file-reader.ts';
import { rangeOf } from './range.ts';
import { TorrentReaders } from './torrent-readers.ts';

export interface StreamOptions {
  /** Files being read at once. */
  readonly readersMax: number;
  /** An answer that is not taken for so long ends when another one needs its place; players come again. */
  readonly idleMs: number;
  /** See {@link import('./file-reader.ts').FileReaderOptions}. */
  readonly lateMs: number;
  readonly patienceMs: number;
}

export const STREAM_DEFAULTS: StreamOptions = {
  readersMax: 32,
  idleMs: 60_000,
  lateMs: 1_500,
  patienceMs: 180_000,
};

/** A torrent that somebody reads from; it stays in memory until {@link release}, which is called once. */
export interface StreamSource {
  readonly torrent: Torrent;
  release(): void;
}

export interface StreamModules {
  /** By info-hash as in a row; undefined: there is none, or its metadata is not known. */
  readonly open: (infoHash: string) => Promise<StreamSource | undefined>;
  readonly clock: Clock;
}

/**
 * Files over HTTP, also while they are downloaded: `GET /stream/<info-hash>/<file index>[/name]`, with `Range`. Pieces
 * ahead of a reader are fetched before all others. Only verified bytes are handed out.
 */
export class StreamDesk {
  private readonly options: StreamOptions;
  private readonly modules: StreamModules;
  private readonly torrents = new Map<Torrent, TorrentReaders>();
  private readonly readers = new Set<FileReader>();
  private opening = 0;

  constructor(options: Partial<StreamOptions>, modules: StreamModules) {
    this.options = { ...STREAM_DEFAULTS, ...options };
    this.modules = modules;
  }

  /** Files being read now. */
  get readerCount(): number {
    return this.readers.size;
  }

  /**
   * Answers a request whose path ends with `/<info-hash>/<file index>[/name]` behind `/stream`. Never rejects. `cut`
   * breaks the connection, when an answer has begun and cannot go on; without it the body fails.
   */
  async handle(request: Request, cut?: () => void): Promise<Response> {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return plain(405, 'Only GET and HEAD.', { Allow: 'GET, HEAD' });
    }
    const match = /^.*\/stream\/([0-9a-f]{40}|[0-9a-f]{64})\/(\d{1,7})(?:\/[^/]*)?$/i.exec(
      new URL(request.url).pathname,
    );
    if (match === null) return plain(404, 'There is nothing here.');
    if (!this.hasRoom()) {
      return plain(503, 'Too many files are being read at once.', { 'Retry-After': '5' });
    }
    this.opening++;
    try {
      const source = await this.modules.open(match[1]!.toLowerCase());
      if (source === undefined) return plain(404, 'There is no such torrent, or it is stopped.');
      return this.answer(request, source, Number(match[2]), cut);
    } catch {
      return plain(503, 'The torrent cannot be read now.', { 'Retry-After': '5' });
    } finally {
      this.opening--;
    }
  }

  /** Ends all answers that are under way. */
  close(): void {
    for (const reader of [...this.readers]) reader.close();
  }

  /** Room for one more, made by ending the answer that nobody has taken anything of for longest. */
  private hasRoom(): boolean {
    const { readersMax, idleMs } = this.options;
    if (this.readers.size + this.opening < readersMax) return true;
    let oldest: FileReader | undefined;
    let sinceMs = this.modules.clock.now() - idleMs;
    for (const reader of this.readers) {
      const { idleSinceMs } = reader;
      if (idleSinceMs === undefined || idleSinceMs > sinceMs) continue;
      oldest = reader;
      sinceMs = idleSinceMs;
    }
    oldest?.close();
    return oldest !== undefined;
  }

  private answer(
    request: Request,
    source: StreamSource,
    index: number,
    cut: (() => void) | undefined,
  ): Response {
    const { torrent } = source;
    const file = torrent.metainfo.files[index];
    const end = (response: Response): Response => {
      source.release();
      return response;
    };
    if (file === undefined || file.isPadding) return end(plain(404, 'There is no such file.'));
    const tag = `"${Buffer.from(torrent.infoHashes[0]!).toString('hex')}-${index}"`;
    const headers = headersOf(file.path.at(-1) ?? torrent.metainfo.name, tag);
    if (request.headers.get('If-None-Match') === tag)
      return end(new Response(null, { status: 304, headers }));
    const isSame = (request.headers.get('If-Range') ?? tag) === tag;
    const wish = rangeOf(isSame ? request.headers.get('Range') : null, file.byteLength);
    if (wish.kind === 'unsatisfiable') {
      return end(plain(416, 'There are no such bytes.', { 'Content-Range': `bytes */${file.byteLength}` }));
    }
    const { start, end: stop } = wish.kind === 'part' ? wish : { start: 0, end: file.byteLength };
    const missing = whyNot(torrent, fileIndex(index), start, stop);
    if (missing !== undefined) return end(plain(409, missing));
    headers.set('Content-Length', String(stop - start));
    const status = wish.kind === 'part' ? 206 : 200;
    if (status === 206) headers.set('Content-Range', `bytes ${start}-${stop - 1}/${file.byteLength}`);
    if (request.method === 'HEAD') return end(new Response(null, { status, headers }));
    const reader = this.reader(source, fileIndex(index), start, stop);
    return new Response(bodyOf(reader, cut), { status, headers });
  }

  private reader(source: StreamSource, file: FileIndex, start: number, end: number): FileReader {
    const { lateMs, patienceMs } = this.options;
    const readers = this.readersOf(source.torrent);
    const reader: FileReader = new FileReader(
      { file, start, end, lateMs, patienceMs },
      {
        readers,
        clock: this.modules.clock,
        onClose: () => {
          this.readers.delete(reader);
          if (readers.count === 0) this.torrents.delete(source.torrent);
          source.release();
        },
      },
    );
    this.readers.add(reader);
    return reader;
  }

  private readersOf(torrent: Torrent): TorrentReaders {
    let readers = this.torrents.get(torrent);
    if (readers === undefined) {
      readers = new TorrentReaders({ torrent });
      this.torrents.set(torrent, readers);
    }
    return readers;
  }
}

/** A body that is made as it is taken: whoever does not read is not read for. */
function bodyOf(reader: FileReader, cut: (() => void) | undefined): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const bytes = await reader.next();
          if (bytes === undefined) controller.close();
          else controller.enqueue(bytes);
        } catch (error) {
          // A server that is told of the error would append it to the bytes of the file.
          if (cut === undefined) controller.error(error);
          else cut();
        }
      },
      cancel: () => reader.close(),
    },
    { highWaterMark: 1 },
  );
}

/** Why these bytes will never be there as things are; undefined: they are, or will be. */
function whyNot(torrent: Torrent, file: FileIndex, start: number, end: number): string | undefined {
  const { metainfo, layout, have, picker } = torrent;
  const { offset } = metainfo.files[file]!;
  const last = Math.ceil((offset + end) / layout.pieceLength);
  for (let piece = Math.floor((offset + start) / layout.pieceLength); piece < last; piece++) {
    if (have.has(piece)) continue;
    if (torrent.isStopped) return 'These bytes are not here, and the torrent does not run: start it.';
    if (picker.priorityOf(pieceIndex(piece)) === PRIORITY_SKIP)
      return 'These bytes are not here, and the file is not wanted: choose it.';
  }
  return undefined;
}

function headersOf(name: string, tag: string): Headers {
  return new Headers({
    'Accept-Ranges': 'bytes',
    'Content-Disposition': dispositionOf(name),
    'Content-Security-Policy': "default-src 'none'; media-src 'self'; sandbox",
    'Content-Type': contentTypeOf(name),
    'Cache-Control': 'private, no-cache',
    ETag: tag,
    'X-Content-Type-Options': 'nosniff',
  });
}

function plain(status: number, text: string, headers: Readonly<Record<string, string>> = {}): Response {
  const all = {
    ...headers,
    'Content-Type': 'text/plain; charset=utf-8',
    'X-Content-Type-Options': 'nosniff',
  };
  return new Response(`${text}\n`, { status, headers: all });
}
