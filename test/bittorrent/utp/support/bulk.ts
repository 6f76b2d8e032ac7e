import type { UtpConnection } from '../../../../engine/bittorrent/utp/connection.ts';
import type { ByteStream, Endpoint, StreamHandler } from '../../../../engine/runtime/port.ts';
import type { SimHost } from '../../../../engine/runtime/sim/host.ts';
import { openUtp } from './utp-network.ts';

const BLOCK = new Uint8Array(65_536);
const TARGET = new Uint8Array(65_536);
const WRITES_AHEAD = 4;

/** A transfer that never ends. */
export interface Bulk {
  receivedBytes: number;
  stream: ByteStream | undefined;
}

function sink(bulk: Bulk): StreamHandler {
  return {
    onOpen() {},
    readTarget: () => TARGET,
    onRead(length) {
      bulk.receivedBytes += length;
    },
    onDrain() {},
    onClose() {},
  };
}

function source(bulk: Bulk): StreamHandler {
  const fill = (ok: boolean): void => {
    if (ok) bulk.stream!.write(BLOCK, fill);
  };
  return {
    onOpen() {
      for (let i = 0; i < WRITES_AHEAD; i++) fill(true);
    },
    readTarget: () => TARGET,
    onRead() {},
    onDrain() {},
    onClose() {},
  };
}

/** Sends by uTP from one host to another, beginning at `atMs`. */
export async function sendByUtp(from: SimHost, to: SimHost, port: number, atMs = 0): Promise<Bulk> {
  const bulk: Bulk = { receivedBytes: 0, stream: undefined };
  const there: Endpoint = { host: to.address, port };
  const callee = await openUtp(to.runtime, there);
  const caller = await openUtp(from.runtime, { host: from.address, port });
  callee.endpoint.listen(() => sink(bulk));
  from.runtime.clock.setTimer(atMs, () => {
    bulk.stream = caller.endpoint.connect(there, source(bulk), { timeoutMs: 5000 });
  });
  return bulk;
}

/** The same by TCP. */
export async function sendByTcp(from: SimHost, to: SimHost, port: number, atMs = 0): Promise<Bulk> {
  const bulk: Bulk = { receivedBytes: 0, stream: undefined };
  const there: Endpoint = { host: to.address, port };
  await to.runtime.network.listen(there, () => sink(bulk));
  from.runtime.clock.setTimer(atMs, () => {
    bulk.stream = from.runtime.network.connect(there, source(bulk), { timeoutMs: 5000 });
  });
  return bulk;
}

/** What it is inside, when it goes by uTP. */
export function insideOf(bulk: Bulk): UtpConnection {
  return bulk.stream as UtpConnection;
}
