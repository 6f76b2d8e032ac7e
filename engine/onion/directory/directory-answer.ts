import { readAddress } from '../../codec/address.ts';
import { httpTimeText, readHttpTime } from '../time.ts';
import { type ContentEncoding, unpackBody } from './compression.ts';
import {
  BoundedBytes,
  contentLength,
  HTTP_HEAD_BYTES_MAX,
  type HttpHead,
  readHttpHead,
} from './http-head.ts';
import { failure, type Result, success } from './result.ts';
import { excerpt, latin1Bytes } from './text.ts';

/** What a directory answered, unpacked. */
export interface DirectoryAnswer {
  /** 200, 304, 400, 404, 503 … */
  readonly status: number;
  /** What stands behind the status, as `Servers unavailable`; plain ASCII. */
  readonly reason: string;
  readonly body: Uint8Array;
  /** The clock of the directory, Unix milliseconds. */
  readonly dateMs: number | undefined;
  /** The address that the directory sees us at. To be believed with care. dir-spec, X-Your-Address-Is. */
  readonly yourAddress: string | undefined;
  /** It had this descriptor already. */
  readonly isNotNew: boolean;
}

/** Takes the bytes of one answer as they come from a stream, until its end. */
export class DirectoryAnswerReader {
  readonly #bytes: BoundedBytes;
  readonly #bodyBytesMax: number;
  #head: HttpHead | undefined;

  /** `bodyBytesMax`: of the body, packed and unpacked alike. */
  constructor(options: { readonly bodyBytesMax: number }) {
    this.#bodyBytesMax = options.bodyBytesMax;
    this.#bytes = new BoundedBytes(options.bodyBytesMax + HTTP_HEAD_BYTES_MAX);
  }

  /** Copies `chunk`. `done`: all that was announced is there, {@link finish} need not wait for the stream's end. */
  push(chunk: Uint8Array): Result<'more' | 'done'> {
    const searchedBytes = this.#bytes.bytes.length;
    if (!this.#bytes.push(chunk)) return failure(`the answer is longer than ${this.#bodyBytesMax} bytes`);
    if (this.#head === undefined) {
      const head = readHttpHead(this.#bytes.bytes, searchedBytes);
      if (!head.ok) return head;
      if (head.value === 'more') return success('more');
      this.#head = head.value;
    }
    const length = contentLength(this.#head);
    if (length === undefined) return success('more');
    if (length < 0 || length > this.#bodyBytesMax) {
      return failure(`the answer is longer than ${this.#bodyBytesMax} bytes`);
    }
    return success(this.#bytes.bytes.length >= this.#head.byteLength + length ? 'done' : 'more');
  }

  /** The answer, once the stream has ended or {@link push} said `done`. */
  finish(): Result<DirectoryAnswer> {
    const head = this.#head;
    if (head === undefined) return failure('the directory closed the stream before it answered');
    const status = /^HTTP\/1\.[01] (\d{3})(?: (.*))?$/.exec(head.firstLine);
    if (status === null) return failure(`“${excerpt(head.firstLine)}” is no answer of a directory`);
    const length = contentLength(head);
    const end = length === undefined ? undefined : head.byteLength + length;
    if (end !== undefined && this.#bytes.bytes.length < end)
      return failure('the directory stopped in mid-answer');
    const packed = this.#bytes.bytes.slice(head.byteLength, end);
    const encoding = head.headers.get('content-encoding')?.toLowerCase() ?? 'identity';
    const body = unpackBody(packed, packed.length === 0 ? 'identity' : encoding, this.#bodyBytesMax);
    if (!body.ok) return body;
    const [date, address] = [head.headers.get('date'), head.headers.get('x-your-address-is')];
    return success({
      status: Number(status[1]),
      reason: excerpt(status[2] ?? '', 200),
      body: body.value,
      dateMs: date === undefined ? undefined : readHttpTime(date),
      yourAddress: address !== undefined && readAddress(address) !== undefined ? address : undefined,
      isNotNew: head.headers.get('x-descriptor-not-new') !== undefined,
    });
  }
}

/** What a cache answers, before it is bytes. */
export interface AnswerDraft {
  readonly status: 200 | 304 | 400 | 404 | 503;
  readonly reason: string;
  /** One behind the other; packed already as `encoding` says. */
  readonly body: readonly Uint8Array[];
  readonly encoding: ContentEncoding;
  /** How long it may be kept; undefined: nothing is said. */
  readonly lifetimeMs: number | undefined;
}

/** The head of an answer; the parts of the body go out behind it as they are. dir-spec, HTTP/1.0. */
export function encodeAnswerHead(
  draft: AnswerDraft,
  context: { readonly nowMs: number; readonly clientAddress: string | undefined },
): Uint8Array {
  const lines = [`HTTP/1.0 ${draft.status} ${draft.reason}`, `Date: ${httpTimeText(context.nowMs)}`];
  if (context.clientAddress !== undefined) lines.push(`X-Your-Address-Is: ${context.clientAddress}`);
  if (draft.status === 200) {
    const length = draft.body.reduce((sum, part) => sum + part.length, 0);
    lines.push(
      'Content-Type: text/plain',
      `Content-Encoding: ${draft.encoding}`,
      `Content-Length: ${length}`,
    );
    if (draft.lifetimeMs !== undefined)
      lines.push(`Expires: ${httpTimeText(context.nowMs + draft.lifetimeMs)}`);
  }
  return latin1Bytes(`${lines.join('\r\n')}\r\n\r\n`);
}
