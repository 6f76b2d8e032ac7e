/**
 * One end of a transfer in a process of its own: `node side.js take|give KIND BYTES [PORT]`. `take` says where it
 * listens, `give` sends for as long as it is let; both answer the word `stop` with what they did.
 */
import dgram from 'node:dgram';
import { UtpEndpoint } from '../../engine/bittorrent/utp/endpoint.ts';
import { UdpPort } from '../../engine/node/udp-port.ts';
import type { ByteStream, Network, StreamHandler } from '../../engine/runtime/port.ts';
import { createRealRuntime } from '../../engine/runtime/real/runtime.ts';
import type { SideReport } from './types.ts';

const HOST = '127.0.0.1';
/** A run of sixteen blocks, as the engine writes it. */
const WRITE_BYTES = 16 * 16_397;
const WRITES_AHEAD = 2;
const SENDS_AHEAD = 64;
const runtime = createRealRuntime();
const slab = new Uint8Array(new SharedArrayBuffer(2 * WRITE_BYTES));
let receivedBytes = 0;
let stopped = false;

type Plain = Pick<Network, 'connect' | 'listen'>;

function owner(stream: () => ByteStream, sends: boolean): StreamHandler {
  const target = slab.subarray(WRITE_BYTES);
  const fill = (ok: boolean): void => {
    if (ok && !stopped) stream().write(slab.subarray(0, WRITE_BYTES), fill);
  };
  return {
    onOpen() {
      for (let i = 0; sends && i < WRITES_AHEAD; i++) fill(true);
    },
    readTarget: () => target,
    onRead(length) {
      receivedBytes += length;
    },
    onDrain() {},
    onClose() {},
  };
}

/** TCP, or uTP with datagrams of at most so many bytes. */
async function network(kind: string, datagramBytes: number): Promise<Plain> {
  if (kind === 'tcp') return runtime.network;
  const port = new UdpPort(runtime);
  const { clock, random } = runtime;
  const endpoint = new UtpEndpoint({ loopbackDatagramBytes: datagramBytes }, { clock, random, port });
  port.onUtp = (bytes, from) => endpoint.onDatagram(bytes, from);
  await port.bind({ host: HOST, port: 0 });
  return {
    connect: (to, handler, how) => endpoint.connect(to, handler, how),
    async listen(_at, accept) {
      endpoint.listen(accept);
      return { local: port.local, close: async () => {} };
    },
  };
}

async function take(kind: string, datagramBytes: number): Promise<number> {
  if (kind !== 'datagrams') {
    let accepted: ByteStream | undefined;
    const plain = await network(kind, datagramBytes);
    const listener = await plain.listen({ host: HOST, port: 0 }, (stream) => {
      accepted = stream;
      return owner(() => accepted!, false);
    });
    return listener.local.port;
  }
  const socket = dgram.createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
  socket.on('message', (bytes) => {
    receivedBytes += bytes.length;
  });
  await new Promise<void>((done) => socket.bind(0, HOST, done));
  return socket.address().port;
}

async function give(kind: string, datagramBytes: number, port: number): Promise<void> {
  if (kind !== 'datagrams') {
    const plain = await network(kind, datagramBytes);
    const stream: ByteStream = plain.connect(
      { host: HOST, port },
      owner(() => stream, true),
      { timeoutMs: 5000 },
    );
    return;
  }
  const lookup = (
    host: string,
    _options: unknown,
    done: (error: null, host: string, family: number) => void,
  ) => done(null, host, 4);
  const socket = dgram.createSocket({ type: 'udp4', sendBufferSize: 1 << 20, lookup });
  const packet = slab.subarray(0, datagramBytes);
  let ahead = 0;
  const sent = (): void => void ahead--;
  const turn = (): void => {
    if (stopped) return;
    for (; ahead < SENDS_AHEAD; ahead++) socket.send(packet, port, HOST, sent);
    setImmediate(turn);
  };
  turn();
}

const [role, kind = '', bytes = '0', port = '0'] = process.argv.slice(2);
process.on('message', () => {
  stopped = true;
  const { user, system } = process.cpuUsage();
  const report: SideReport = { receivedBytes, cpuSeconds: (user + system) / 1e6 };
  process.send?.(report, () => process.exit());
});
if (role === 'take') process.send?.(await take(kind, Number(bytes)));
else {
  await give(kind, Number(bytes), Number(port));
  process.send?.(0);
}
