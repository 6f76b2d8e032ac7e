import { createServer, type Server, type Socket } from 'node:net';

/** What one connection of a downloader has told the seeder. */
export interface Visit {
  /** It has spoken: its bitfield comes first, or it has none. */
  greeted: boolean;
  /** The pieces of its bitfield: what it believed when it connected. */
  believed: ReadonlySet<number>;
  /** The pieces it announced since. */
  readonly announced: Set<number>;
}

/**
 * A seeder of plain BEP 3, in its own few lines so that it shares no mistake with the engine: it serves at a chosen
 * rate, and keeps account of what each downloader said it has. With `hasNothing` it only looks on: nobody tells a
 * seeder about pieces that it has itself.
 */
export class SlowSeeder {
  readonly visits: Visit[] = [];
  /** Bytes per second, for each connection; may be changed at any time. */
  rate: number;
  private readonly hasNothing: boolean;
  private readonly torrent: {
    readonly infoHash: Uint8Array;
    readonly payload: Buffer;
    readonly pieceLength: number;
  };
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();

  constructor(
    options: { readonly rate: number; readonly hasNothing?: boolean },
    torrent: { readonly infoHash: Uint8Array; readonly payload: Buffer; readonly pieceLength: number },
  ) {
    this.rate = options.rate;
    this.hasNothing = options.hasNothing ?? false;
    this.torrent = torrent;
    this.server = createServer((socket) => this.serve(socket));
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    const address = this.server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return address.port;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private get pieceCount(): number {
    return Math.ceil(this.torrent.payload.length / this.torrent.pieceLength);
  }

  private serve(socket: Socket): void {
    this.sockets.add(socket);
    const visit: Visit = { greeted: false, believed: new Set(), announced: new Set() };
    this.visits.push(visit);
    const wanted: { piece: number; begin: number; length: number }[] = [];
    let received = Buffer.alloc(0);
    let greeted = false;
    let budget = 0;
    const timer = setInterval(() => {
      budget = Math.min(budget + this.rate / 200, this.rate / 10);
      while (wanted.length > 0 && budget > 0) {
        const block = wanted.shift()!;
        budget -= block.length;
        socket.write(this.block(block));
      }
    }, 5);
    socket.on('error', () => {});
    socket.on('close', () => {
      clearInterval(timer);
      this.sockets.delete(socket);
    });
    socket.on('data', (chunk) => {
      // No encryption here: who tries it comes again without.
      if (!greeted && received.length === 0 && chunk[0] !== 19) {
        this.visits.splice(this.visits.indexOf(visit), 1);
        socket.destroy();
        return;
      }
      received = Buffer.concat([received, chunk]);
      if (!greeted && received.length >= 68) {
        received = received.subarray(68);
        greeted = true;
        socket.write(this.greeting());
      }
      while (greeted && received.length >= 4 && received.length >= 4 + received.readUInt32BE(0)) {
        const message = received.subarray(4, 4 + received.readUInt32BE(0));
        received = received.subarray(4 + message.length);
        this.take(message, visit, wanted);
      }
    });
  }

  private take(
    message: Buffer,
    visit: Visit,
    wanted: { piece: number; begin: number; length: number }[],
  ): void {
    const id = message[0];
    if (message.length > 0) visit.greeted = true;
    if (id === 4) visit.announced.add(message.readUInt32BE(1));
    if (id === 5) visit.believed = new Set(bitsOf(message.subarray(1)));
    const block = (): { piece: number; begin: number; length: number } => ({
      piece: message.readUInt32BE(1),
      begin: message.readUInt32BE(5),
      length: message.readUInt32BE(9),
    });
    if (id === 6) wanted.push(block());
    if (id === 8) {
      const { piece, begin } = block();
      const index = wanted.findIndex((other) => other.piece === piece && other.begin === begin);
      if (index >= 0) wanted.splice(index, 1);
    }
  }

  /** Handshake, bitfield, unchoke. */
  private greeting(): Buffer {
    const handshake = Buffer.alloc(68);
    handshake.write('\x13BitTorrent protocol', 0, 'latin1');
    handshake.set(this.torrent.infoHash.subarray(0, 20), 28);
    handshake.write(this.hasNothing ? '-SL0001-an onlooker.' : '-SL0001-slow seeder.', 48, 'latin1');
    const bitfield = Buffer.alloc(Math.ceil(this.pieceCount / 8));
    const pieces = this.hasNothing ? 0 : this.pieceCount;
    for (let piece = 0; piece < pieces; piece += 1) bitfield[piece >> 3]! |= 0x80 >> (piece & 7);
    const head = Buffer.alloc(5);
    head.writeUInt32BE(1 + bitfield.length, 0);
    head[4] = 5;
    return Buffer.concat([handshake, head, bitfield, Buffer.from([0, 0, 0, 1, 1])]);
  }

  private block({ piece, begin, length }: { piece: number; begin: number; length: number }): Buffer {
    const head = Buffer.alloc(13);
    head.writeUInt32BE(9 + length, 0);
    head[4] = 7;
    head.writeUInt32BE(piece, 5);
    head.writeUInt32BE(begin, 9);
    const at = piece * this.torrent.pieceLength + begin;
    return Buffer.concat([head, this.torrent.payload.subarray(at, at + length)]);
  }
}

function* bitsOf(bytes: Buffer): Generator<number> {
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    if ((bytes[bit >> 3]! & (0x80 >> (bit & 7))) !== 0) yield bit;
  }
}
