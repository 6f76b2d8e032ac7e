/**
 * The least that one Node event loop has to do to seed: sockets, and reads of the file that put every block behind its
 * header, so that what is asked for in one go leaves in one write. No choking, no limits, no bookkeeping. It is a
 * ceiling for seeders built on `node:net`, not a client.
 *
 *   node node-pump.js PORT FILE INFOHASH PIECES PIECE-LENGTH
 */
import { closeSync, openSync, readvSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';

const [port = '', file = '', infoHash = '', pieces = '', pieceLengthWord = ''] = process.argv.slice(2);
const pieceCount = Number(pieces);
const pieceLength = Number(pieceLengthWord);
const HANDSHAKE_BYTES = 68;
const REQUEST_BYTES = 17;
const BLOCK_BYTES = 16384;
const FRAME_BYTES = 13 + BLOCK_BYTES;
const BLOCKS = pieceLength / BLOCK_BYTES;
/**
 * A piece leaves after this many newer ones. A buffer must not be filled again while it is being sent: a peer has at
 * most two pieces under way, so this is safe for 60 peers with a mebibyte of requests each.
 */
const CACHED_PIECES = 160;
const QUEUED_BYTES_MAX = 4 << 20;

const handle = openSync(file, 'r');
process.on('exit', () => closeSync(handle));

/** A piece as it travels, frame after frame. */
interface FramedPiece {
  readonly frames: Buffer;
  readonly blocks: readonly Buffer[];
}

const cache = new Map<number, FramedPiece>();

function newPiece(): FramedPiece {
  const frames = Buffer.allocUnsafeSlow(BLOCKS * FRAME_BYTES);
  const blocks = Array.from({ length: BLOCKS }, (_, index) =>
    frames.subarray(index * FRAME_BYTES + 13, (index + 1) * FRAME_BYTES),
  );
  return { frames, blocks };
}

function pieceInMemory(piece: number): FramedPiece {
  const known = cache.get(piece);
  if (known !== undefined) return known;
  const [oldest] = cache.size >= CACHED_PIECES ? cache.keys() : [];
  const entry = (oldest !== undefined && cache.get(oldest)) || newPiece();
  if (oldest !== undefined) cache.delete(oldest);
  readvSync(handle, entry.blocks, piece * pieceLength);
  for (let block = 0; block < BLOCKS; block += 1) {
    const at = block * FRAME_BYTES;
    entry.frames.writeUInt32BE(9 + BLOCK_BYTES, at);
    entry.frames[at + 4] = 7;
    entry.frames.writeUInt32BE(piece, at + 5);
    entry.frames.writeUInt32BE(block * BLOCK_BYTES, at + 9);
  }
  cache.set(piece, entry);
  return entry;
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

  /** Blocks that follow each other in a piece go out in one write. */
  #send(): void {
    const queue = this.#queue;
    let at = 0;
    this.#socket.cork();
    while (at < queue.length && this.#socket.writableLength < QUEUED_BYTES_MAX) {
      const [piece, begin] = [queue[at]!, queue[at + 1]!];
      let [end, lastBytes] = [begin, 0];
      for (; at < queue.length && queue[at] === piece && queue[at + 1] === end; at += 3) {
        lastBytes = queue[at + 2]!;
        end += BLOCK_BYTES;
      }
      this.#write(piece, begin / BLOCK_BYTES, end / BLOCK_BYTES, lastBytes);
    }
    this.#socket.uncork();
    if (at > 0) this.#queue = queue.slice(at);
  }

  /** Sends blocks `first` to `end` (exclusive); the last one may be short. */
  #write(piece: number, first: number, end: number, lastBytes: number): void {
    const { frames } = pieceInMemory(piece);
    if (lastBytes === BLOCK_BYTES) {
      this.#socket.write(frames.subarray(first * FRAME_BYTES, end * FRAME_BYTES));
      return;
    }
    const last = (end - 1) * FRAME_BYTES;
    if (end - 1 > first) this.#socket.write(frames.subarray(first * FRAME_BYTES, last));
    const short = Buffer.from(frames.subarray(last, last + 13 + lastBytes));
    short.writeUInt32BE(9 + lastBytes, 0);
    this.#socket.write(short);
  }
}

const server = createServer({ noDelay: true, highWaterMark: 1 << 20 }, (socket) => new Pump(socket));
server.listen(Number(port), '127.0.0.1', 1024, () => process.stdout.write('READY\n'));
