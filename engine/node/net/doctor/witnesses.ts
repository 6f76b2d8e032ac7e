import { createSocket } from 'node:dgram';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import type { Endpoint } from '../../../runtime/port.ts';

const LOOPBACK = '127.0.0.1';
const SEEN_MAX = 100;

/** What a witness waits for. */
export type WitnessName = 'peer' | 'utp' | 'dht' | 'httpTracker' | 'udpTracker' | 'names';

/** A listener on loopback that notes who has reached it. */
export interface Witness {
  readonly at: Endpoint;
  /** Where what it got came from, up to 100. */
  readonly from: Endpoint[];
}

export interface Witnesses {
  readonly by: Readonly<Record<WitnessName, Witness>>;
  close(): void;
}

/** Starts one of each, all on ports of 127.0.0.1 that the system chooses. */
export async function startWitnesses(): Promise<Witnesses> {
  const closers: (() => void)[] = [];
  const udp = async (answer?: (question: Buffer) => Buffer | undefined): Promise<Witness> => {
    const from: Endpoint[] = [];
    const socket = createSocket('udp4');
    socket.on('error', () => {});
    socket.on('message', (bytes, { address, port }) => {
      note(from, address, port);
      const reply = answer?.(bytes);
      if (reply !== undefined) socket.send(reply, port, address);
    });
    await new Promise<void>((resolve) => socket.bind(0, LOOPBACK, resolve));
    closers.push(() => socket.close());
    return { at: { host: LOOPBACK, port: socket.address().port }, from };
  };
  const tcp = async (isHttp: boolean): Promise<Witness> => {
    const from: Endpoint[] = [];
    const server = isHttp
      ? createHttpServer((_request, response) => response.end('d8:intervali1800e5:peers0:e'))
      : createServer((socket) => socket.on('error', () => {}).end());
    server.on('connection', ({ remoteAddress, remotePort }) => note(from, remoteAddress, remotePort));
    await new Promise<void>((resolve) => server.listen(0, LOOPBACK, resolve));
    closers.push(() => server.close());
    return { at: { host: LOOPBACK, port: (server.address() as AddressInfo).port }, from };
  };
  const by = {
    ...{ peer: await tcp(false), httpTracker: await tcp(true) },
    ...{ utp: await udp(), dht: await udp(), udpTracker: await udp(), names: await udp(answerName) },
  };
  return {
    by,
    close() {
      for (const close of closers) close();
    },
  };
}

function note(from: Endpoint[], host: string | undefined, port: number | undefined): void {
  if (from.length < SEEN_MAX) from.push({ host: host ?? '', port: port ?? 0 });
}

/** Says that any name is 127.0.0.1, and has no other records; RFC 1035, section 4. */
function answerName(question: Buffer): Buffer | undefined {
  let end = 12;
  while (end < question.length && question[end] !== 0) end += 1 + question[end]!;
  if (question.length < end + 5) return undefined;
  const isA = question.readUInt16BE(end + 1) === 1;
  const head = Buffer.from(question.subarray(0, end + 5));
  head.writeUInt16BE(0x8180, 2);
  head.writeUInt16BE(isA ? 1 : 0, 6);
  head.fill(0, 8, 12);
  const record = Buffer.of(0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 127, 0, 0, 1);
  return isA ? Buffer.concat([head, record]) : head;
}
