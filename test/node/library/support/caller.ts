import { connect } from 'node:net';

const HANDSHAKE_BYTES = 68;
const BLOCK_BYTES = 16_384;

/** Asks for the first block of a torrent in plain BEP 3, so that it shares no mistake with the engine. */
export function fetchFirstBlock(port: number, infoHash: string, timeoutMs = 10_000): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port });
    let received = Buffer.alloc(0);
    let asked = false;
    const timer = setTimeout(() => socket.destroy(new Error('no block came')), timeoutMs);
    socket.on('connect', () => {
      const handshake = Buffer.alloc(HANDSHAKE_BYTES);
      handshake.write('\x13BitTorrent protocol', 0, 'latin1');
      handshake.write(infoHash, 28, 'hex');
      handshake.write('-XX0000-abcdefghijkl', 48, 'latin1');
      // In one go with a message that the torrent, which has to be fetched first, is to hear of all the same.
      socket.write(Buffer.concat([handshake, Buffer.from([0, 0, 0, 1, 2])]));
    });
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      for (let at = HANDSHAKE_BYTES; at + 5 <= received.length; ) {
        const length = received.readUInt32BE(at);
        if (at + 4 + length > received.length) break;
        const id = length === 0 ? -1 : received[at + 4];
        if (id === 1 && !asked) {
          asked = true;
          const request = Buffer.alloc(17);
          request.writeUInt32BE(13, 0);
          request[4] = 6;
          request.writeUInt32BE(BLOCK_BYTES, 13);
          socket.write(request);
        }
        if (id === 7) {
          const block = Buffer.from(received.subarray(at + 13, at + 4 + length));
          socket.destroy();
          resolve(block);
          return;
        }
        at += 4 + length;
      }
    });
    socket.on('error', reject);
    socket.on('close', () => {
      clearTimeout(timer);
      reject(new Error(`the node hung up after ${received.length} bytes`));
    });
  });
}
