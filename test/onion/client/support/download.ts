import { createHash } from 'node:crypto';
import type { OnionClient } from '../../../../engine/onion/client/onion-client.ts';
import type { OnionStream, OnionStreamEnd } from '../../../../engine/onion/client/types.ts';

/** What came over a stream. */
export interface Download {
  readonly byteLength: number;
  /** Of the body, hex. */
  readonly sha256: string;
  /** The first line of the answer. */
  readonly status: string;
  readonly end: OnionStreamEnd;
}

export interface DownloadOptions {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly isolation?: string;
  /** Closes the stream after so many bytes of the body. */
  readonly closeAfterBytes?: number;
  /** A body to POST. */
  readonly upload?: Uint8Array;
}

/** Fetches `path` by HTTP/1.0 over a stream of the client; resolves however it ends. */
export function download(client: OnionClient, options: DownloadOptions): Promise<Download> {
  const { host, port, path, isolation = '', closeAfterBytes, upload } = options;
  const hash = createHash('sha256');
  let head = '';
  let isBody = false;
  let byteLength = 0;
  return new Promise((resolve) => {
    const stream: OnionStream = client.openStream(
      { host, port, isolation },
      {
        onOpen() {},
        onDrain() {},
        onData(bytes) {
          let body = bytes;
          if (!isBody) {
            const before = head.length;
            head += Buffer.from(bytes).toString('latin1');
            const end = head.indexOf('\r\n\r\n');
            if (end < 0) {
              stream.consumed(bytes.length);
              return;
            }
            isBody = true;
            body = bytes.subarray(end + 4 - before);
            head = head.slice(0, end);
          }
          hash.update(body);
          byteLength += body.length;
          stream.consumed(bytes.length);
          if (closeAfterBytes !== undefined && byteLength >= closeAfterBytes) stream.destroy();
        },
        onClose(end) {
          const status = head.split('\r\n', 1)[0] ?? '';
          resolve({ byteLength, sha256: hash.digest('hex'), status, end });
        },
      },
    );
    const method = upload === undefined ? 'GET' : 'POST';
    const length = upload === undefined ? '' : `Content-Length: ${upload.length}\r\n`;
    stream.write(
      new TextEncoder().encode(
        `${method} ${path} HTTP/1.0\r\nHost: ${host}\r\nConnection: close\r\n${length}\r\n`,
      ),
    );
    if (upload !== undefined) stream.write(upload);
  });
}
