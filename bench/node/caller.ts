import { connect } from 'node:net';

const HANDSHAKE_BYTES = 68;
const BLOCK_BYTES = 16_384;

/** Asks a node for the first block of a torrent, as a peer does; resolves when it is there. */
export function fetchBlock(port: number, infoHash: string, timeoutMs = 30_000): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port });
    let received = Buffer.alloc(0);
    let asked = false;
    const timer = setTimeout(() => socket.destroy(new Error('no block came')), timeoutMs);
    socket.on('connect', () => {
      const handshake = Buffer.alloc(HANDSHAKE_BYTES);
      handshake.write('\x13BitTorrent protocol', 0, 'latin1');
      handshake.write(infoHash.slice(0, 40), 28, 'hex');
      handshake.write('-XX0000-abcdefghijkl', 48, 'latin1');
      socket.write(handshake);
      // Interested.
      socket.write(Buffer.from([0, 0, 0, 1, 2]));
    });
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (!asked && hasUnchoke(received)) {
        asked = true;
        const request = Buffer.alloc(17);
        request.writeUInt32BE(13, 0);
        request[4] = 6;
        request.writeUInt32BE(BLOCK_BYTES, 13);
        socket.write(request);
      }
      if (received.length < HANDSHAKE_BYTES + BLOCK_BYTES) return;
      clearTimeout(timer);
      socket.destroy();
      resolve();
    });
    socket.on('error', reject);
    socket.on('close', () => {
      clearTimeout(timer);
      reject(new Error(`the node hung up after ${received.length} bytes`));
    });
  });
}

function hasUnchoke(received: Buffer): boolean {
  for (let at = HANDSHAKE_BYTES; at + 5 <= received.length; at += 4 + received.readUInt32BE(at)) {
    if (received.readUInt32BE(at) === 1 && received[at + 4] === 1) return true;
  }
  return false;
}
