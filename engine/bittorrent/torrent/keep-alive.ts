import type { PeerConnection } from '../peer/connection.ts';
import { writeKeepAlive } from '../wire/encode.ts';

/** BEP 3: a keep-alive every two minutes; a little sooner, so that it is there in time. */
const KEEP_ALIVE_MS = 100_000;
const SILENT_MS = 150_000;

/** Lets silent peers go, and those that take nothing; tells the others that this side is still there. */
export function keepAlive(connection: PeerConnection, nowMs: number): void {
  const isSilent = nowMs - connection.lastReadMs > SILENT_MS && !connection.readGate.isHolding;
  if (isSilent) connection.close('silent');
  else if (nowMs - connection.lastWrittenMs > KEEP_ALIVE_MS) send(connection);
  connection.closeIfNotReading(SILENT_MS);
}

function send({ outbox }: PeerConnection): void {
  outbox.commit(writeKeepAlive(outbox.reserve(4), outbox.at));
}
