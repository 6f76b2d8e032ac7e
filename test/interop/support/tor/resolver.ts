import { createSocket, type Socket } from 'node:dgram';

const TYPE_A = 1;
const NXDOMAIN = 3;
const TTL_SEC = 60;

/**
 * The name server the exits ask, on 127.0.0.1: every name is 127.0.0.1 and has no IPv6 address; names that end in .nx
 * do not exist.
 */
export class Resolver {
  readonly port: number;
  /** Names asked for, in order, in small letters: tor mixes the case against forged answers. */
  readonly names: string[] = [];
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.port = socket.address().port;
    socket.on('message', (question, from) => {
      const reply = this.#answer(question);
      if (reply !== undefined) socket.send(reply, from.port, from.address);
    });
  }

  static async start(): Promise<Resolver> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    return new Resolver(socket);
  }

  async stop(): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.close(() => resolve()));
  }

  /** RFC 1035, 4.1: header, the question again, at most one answer. */
  #answer(query: Buffer): Buffer | undefined {
    const labels: string[] = [];
    let at = 12;
    for (let size = query[at] ?? 0; size > 0; size = query[at] ?? 0) {
      labels.push(query.toString('latin1', at + 1, at + 1 + size));
      at += 1 + size;
    }
    const questionEnd = at + 5;
    if (query.length < questionEnd) return undefined;
    this.names.push(labels.join('.').toLowerCase());
    const isUnknown = labels.at(-1)?.toLowerCase() === 'nx';
    const hasAnswer = !isUnknown && query.readUInt16BE(at + 1) === TYPE_A;
    const head = Buffer.alloc(12);
    query.copy(head, 0, 0, 2);
    head.writeUInt16BE(0x8180 | (isUnknown ? NXDOMAIN : 0), 2);
    head.writeUInt16BE(1, 4);
    head.writeUInt16BE(hasAnswer ? 1 : 0, 6);
    const record = Buffer.from([0xc0, 12, 0, TYPE_A, 0, 1, 0, 0, 0, TTL_SEC, 0, 4, 127, 0, 0, 1]);
    return Buffer.concat([head, query.subarray(12, questionEnd), ...(hasAnswer ? [record] : [])]);
  }
}
