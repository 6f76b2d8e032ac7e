/**
 * The least that one Node event loop has to do to seed: sockets, reads of the file, headers. No choking, no limits, no
 * bookkeeping. It is a ceiling for seeders built on `node:net`, not a client.
 *
 *   node node-pump.js PORT FILE INFOHASH PIECES PIECE-LENGTH
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';

const [port = '', file = '', infoHash = '', pieces = '', pieceLengthWord = ''] = process.argv.slice(2);
const pieceCount = Number(pieces);
const pieceLength = Number(pieceLengthWord);
const HANDSHAKE_BYTES = 68;
const REQUEST_BYTES = 17;
/**
 * A piece leaves after this many newer ones. A buffer must not be filled again while it is being sent: a peer has at
 * most two pieces under way, so this is safe for 60 peers with a mebibyte of requests each.
 */
const CACHED_PIECES = 160;
const QUEUED_BYTES_MAX = 4 << 20;

const handle = openSync(file, 'r');
process.on('exit', () => closeSync(handle));

const cache = new Map<number, Buffer>();

function pieceInMemory(piece: number): Buffer {
  const known = cache.get(piece);
  if (known !== undefined) return known;
  const [oldest] = cache.size >= CACHED_PIECES ? cache.keys() : [];
  const bytes = (oldest !== undefined && cache.get(oldest)) || Buffer.allocUnsafeSlow(pieceLength);
  if (oldest !== undefined) cache.delete(oldest);
  readSync(handle, bytes, 0, pieceLength, piece * pieceLength);
  cache.set(piece, bytes);
  return bytes;
}

function opening(): Buffer {
  const bitfieldBytes = Math.ceil(pieceCount / 8);
  const bytes = Buffer.alloc(HANDSHAKE_BYTES + 5 + bitfieldBytes + 5);
  bytes[0] = 19;
  bytes.write('BitTorrent protocol', 1, 'latin1');
  bytes.write(infoHash, 28, 'hex');
  bytes.write('-NP0001-000000000000', 48, 'latin1');
  const bitfieldAt = bytes.writeUInt32BE(bitfieldBytes + 1, HANDSHAKE_BYTES) + 1;
  bytes[bitfieldAt - 1] = 5;
  bytes.fill(0xff, bitfieldAt, bitfieldAt + bitfieldBytes);
  if (pieceCount % 8 !== 0) bytes[bitfieldAt + bitfieldBytes - 1] = (0xff << (8 - (pieceCount % 8))) & 0xff;
  bytes.writeUInt32BE(1, bitfieldAt + bitfieldBytes);
  bytes[bytes.length - 1] = 1;
  return bytes;
}

/** Answers the requests of one peer, as many as the socket takes. */
class Pump {
  readonly #socket: Socket;
  #rest: Buffer = Buffer.alloc(0);
  #greeted = false;
  /** Piece, begin and length, three numbers for each request. */
  #queue: number[] = [];

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.write(opening());
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('drain', () => this.#send());
    socket.on('error', () => socket.destroy());
  }

  #take(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    if (!this.#greeted && bytes.length >= HANDSHAKE_BYTES) {
      at = HANDSHAKE_BYTES;
      this.#greeted = true;
    }
    while (this.#greeted && bytes.length - at >= 4) {
      const end = at + 4 + bytes.readUInt32BE(at);
      if (bytes.length < end) break;
      if (end - at === REQUEST_BYTES && bytes[at + 4] === 6) {
        this.#queue.push(bytes.readUInt32BE(at + 5), bytes.readUInt32BE(at + 9), bytes.readUInt32BE(at + 13));
      }
      at = end;
    }
    this.#rest = bytes.subarray(at);
    this.#send();
  }

  #send(): void {
    const queue = this.#queue;
    let at = 0;
    this.#socket.cork();
    for (; at < queue.length && this.#socket.writableLength < QUEUED_BYTES_MAX; at += 3) {
      const [piece, begin, byteLength] = [queue[at]!, queue[at + 1]!, queue[at + 2]!];
      const header = Buffer.allocUnsafe(13);
      header.writeUInt32BE(9 + byteLength, 0);
      header[4] = 7;
      header.writeUInt32BE(piece, 5);
      header.writeUInt32BE(begin, 9);
      this.#socket.write(header);
      this.#socket.write(pieceInMemory(piece).subarray(begin, begin + byteLength));
    }
    this.#socket.uncork();
    if (at > 0) this.#queue = queue.slice(at);
  }
}

const server = createServer({ noDelay: true, highWaterMark: 1 << 20 }, (socket) => new Pump(socket));
server.listen(Number(port), '127.0.0.1', 1024, () => process.stdout.write('READY\n'));
