/** One part of a form (RFC 7578). Views into the body. */
export interface FormPart {
  readonly name: string;
  /** Undefined: it is no file. */
  readonly filename: string | undefined;
  readonly bytes: Buffer;
}

export const FORM_PARTS_MAX = 10_000;
const HEAD_BYTES_MAX = 8_192;
const BLANK_LINE = Buffer.from('\r\n\r\n');

/**
 * Takes a multipart body apart; undefined when it is none, breaks off, or has more than {@link FORM_PARTS_MAX} parts.
 * Names may stand without quotes, as some programs write them.
 */
export function parseMultipart(body: Buffer, contentType: string): readonly FormPart[] | undefined {
  const match = /^multipart\/form-data\s*;.*?boundary=(?:"([^"]{1,200})"|([^\s;"]{1,200}))/i.exec(
    contentType,
  );
  const boundary = match?.[1] ?? match?.[2];
  if (boundary === undefined) return undefined;
  const line = Buffer.from(`--${boundary}`);
  const separator = Buffer.from(`\r\n--${boundary}`);
  const parts: FormPart[] = [];
  let at = body.indexOf(line);
  if (at < 0) return undefined;
  at += line.length;
  while (!(body[at] === 0x2d && body[at + 1] === 0x2d)) {
    if (body[at] !== 0x0d || body[at + 1] !== 0x0a || parts.length === FORM_PARTS_MAX) return undefined;
    const headEnd = body.indexOf(BLANK_LINE, at);
    if (headEnd < 0 || headEnd - at > HEAD_BYTES_MAX) return undefined;
    const begin = headEnd + BLANK_LINE.length;
    const end = body.indexOf(separator, begin - 2);
    if (end < 0) return undefined;
    const part = partOf(body.toString('utf8', at, headEnd), body.subarray(begin, Math.max(begin, end)));
    if (part !== undefined) parts.push(part);
    at = end + separator.length;
  }
  return parts;
}

/** Undefined: it has no name, so nobody asks for it. */
function partOf(head: string, bytes: Buffer): FormPart | undefined {
  const disposition = /^content-disposition:(.*)$/im.exec(head)?.[1] ?? '';
  const name = parameterOf(disposition, 'name');
  if (name === undefined) return undefined;
  const filename = parameterOf(disposition, 'filename') ?? parameterOf(disposition, 'filename\\*');
  return { name, filename, bytes };
}

function parameterOf(disposition: string, key: string): string | undefined {
  const match = new RegExp(`;\\s*${key}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^;\\s]*))`, 'i').exec(disposition);
  return match?.[1]?.replaceAll(/\\(.)/g, '$1') ?? match?.[2];
}
