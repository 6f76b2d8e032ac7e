import { httpTimeText, readHttpTime } from '../time.ts';
import { ACCEPTED_ENCODINGS } from './compression.ts';
import {
  BoundedBytes,
  contentLength,
  HTTP_HEAD_BYTES_MAX,
  type HttpHead,
  readHttpHead,
} from './http-head.ts';
import { failure, type Result, success } from './result.ts';
import { excerpt, latin1Bytes } from './text.ts';

/** What to ask a directory for. dir-spec, HTTP/1.0. */
export interface DirectoryRequest {
  readonly method: 'GET' | 'POST';
  /** `/tor/…`; made by the functions of paths.ts. */
  readonly path: string;
  /** The document is wanted only when it is newer; Unix milliseconds. */
  readonly ifModifiedSinceMs?: number | undefined;
  readonly acceptEncoding?: string | undefined;
  /** Of a POST. */
  readonly body?: Uint8Array | undefined;
}

/**
 * The bytes of a request, over BEGIN_DIR or to a DirPort. `host` is the address of the directory; over BEGIN_DIR any.
 */
export function encodeDirectoryRequest(request: DirectoryRequest, host: string): Uint8Array {
  const { body, ifModifiedSinceMs, acceptEncoding = ACCEPTED_ENCODINGS } = request;
  const lines = [`${request.method} ${request.path} HTTP/1.0`, `Host: ${host}`];
  if (request.method !== 'POST') lines.push(`Accept-Encoding: ${acceptEncoding}`);
  if (ifModifiedSinceMs !== undefined) lines.push(`If-Modified-Since: ${httpTimeText(ifModifiedSinceMs)}`);
  if (body !== undefined) lines.push(`Content-Length: ${body.length}`);
  const head = latin1Bytes(`${lines.join('\r\n')}\r\n\r\n`);
  const out = new Uint8Array(head.length + (body?.length ?? 0));
  out.set(head);
  if (body !== undefined) out.set(body, head.length);
  return out;
}

/** Takes the bytes of one request as they come from a stream. */
export class DirectoryRequestReader {
  readonly #bytes: BoundedBytes;
  readonly #bodyBytesMax: number;
  #head: HttpHead | undefined;

  constructor(options: { readonly bodyBytesMax: number }) {
    this.#bodyBytesMax = options.bodyBytesMax;
    this.#bytes = new BoundedBytes(options.bodyBytesMax + HTTP_HEAD_BYTES_MAX);
  }

  /** Copies `chunk`. The request when it is whole, `more` when bytes are missing still. */
  push(chunk: Uint8Array): Result<DirectoryRequest | 'more'> {
    const searchedBytes = this.#bytes.bytes.length;
    if (!this.#bytes.push(chunk)) return failure('the request is too long');
    const { bytes } = this.#bytes;
    if (this.#head === undefined) {
      const head = readHttpHead(bytes, searchedBytes);
      if (!head.ok) return head;
      if (head.value === 'more') return success('more');
      this.#head = head.value;
    }
    const length = contentLength(this.#head) ?? 0;
    if (length < 0 || length > this.#bodyBytesMax) return failure('the body of the request is too long');
    const end = this.#head.byteLength + length;
    if (bytes.length < end) return success('more');
    return readRequest(this.#head, bytes.slice(this.#head.byteLength, end));
  }
}

function readRequest(head: HttpHead, body: Uint8Array): Result<DirectoryRequest> {
  const parts = /^(GET|POST) (\S{1,32000}) HTTP\/1\.[01]$/.exec(head.firstLine);
  if (parts === null) return failure(`“${excerpt(head.firstLine)}” is no request to a directory`);
  const since = head.headers.get('if-modified-since');
  return success({
    method: parts[1] as DirectoryRequest['method'],
    path: parts[2]!,
    ifModifiedSinceMs: since === undefined ? undefined : readHttpTime(since),
    acceptEncoding: head.headers.get('accept-encoding') ?? '',
    body,
  });
}
