import type { ByteStream, StreamHandler } from '../../../../engine/runtime/port.ts';
import { SimRandom } from '../../../../engine/runtime/sim/chance.ts';
import type { SimHost } from '../../../../engine/runtime/sim/host.ts';

export const CONTENT_PORT = 80;
export const ECHO_PORT = 7;

/** Every download is a part of this. */
export const CONTENT: Uint8Array = new SimRandom(1, 'content').bytes(1 << 18);

const REQUEST_BYTES_MAX = 64;
const READ_BYTES = 4096;

/** What a content server sends for this. */
export function contentRequest(offset: number, byteLength: number): Uint8Array {
  return new TextEncoder().encode(`GET ${offset} ${byteLength}\n`);
}

/** A host that sends content and closes (port 80), and one that sends back what it gets (port 7). */
export async function startServers(host: SimHost): Promise<void> {
  const { network } = host.runtime;
  await network.listen({ host: host.address, port: CONTENT_PORT }, (stream) => contentHandler(stream));
  await network.listen({ host: host.address, port: ECHO_PORT }, (stream) => echoHandler(stream));
}

function contentHandler(stream: ByteStream): StreamHandler {
  const buffer = new Uint8Array(REQUEST_BYTES_MAX);
  let length = 0;
  return {
    onOpen() {},
    readTarget: () => buffer.subarray(Math.min(length, REQUEST_BYTES_MAX - 1)),
    onRead(count) {
      length += count;
      const request = /^GET (\d+) (\d+)\n/.exec(Buffer.from(buffer.subarray(0, length)).toString('latin1'));
      if (request === null) {
        if (length >= REQUEST_BYTES_MAX - 1) stream.destroy();
        return;
      }
      const offset = Number(request[1]);
      stream.write(CONTENT.subarray(offset, offset + Number(request[2])));
      stream.end();
    },
    onDrain() {},
    onClose() {},
  };
}

function echoHandler(stream: ByteStream): StreamHandler {
  const buffer = new Uint8Array(READ_BYTES);
  return {
    onOpen() {},
    readTarget: () => buffer,
    onRead: (length) => stream.write(buffer.slice(0, length)),
    onDrain() {},
    onClose() {},
  };
}
