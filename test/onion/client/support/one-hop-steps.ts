import * as assert from 'uvu/assert';
import { CELL } from '../../../../engine/onion/cell/command.ts';
import { RELAY } from '../../../../engine/onion/cell/relay-command.ts';
import { OneHop, type StreamRecord } from './one-hop.ts';

/** Payload of a full cell. */
export const DATA_BYTES = 498;

/** A circuit of one hop that stands. */
export async function built(options: { allowPrivateAnswers?: boolean } = {}): Promise<OneHop> {
  const hop = new OneHop(options);
  hop.build();
  await hop.settle();
  assert.ok(hop.isBuilt);
  return hop;
}

/** A stream that is open. */
export async function opened(hop: OneHop, consumes = true): Promise<StreamRecord> {
  const record = hop.stream('connect', consumes);
  await hop.settle();
  hop.take(RELAY.begin);
  hop.reply([{ command: RELAY.connected, stream: idOf(record) }]);
  assert.is(record.opened.length, 1);
  return record;
}

/** Its number on the circuit. */
export function idOf(record: StreamRecord): number {
  return record.stream.streamId ?? 0;
}

/** A DATA message of the relay. */
export function data(stream: number, byteLength = DATA_BYTES, fill = 1) {
  return { command: RELAY.data, stream, data: new Uint8Array(byteLength).fill(fill) };
}

/** The circuit is closed for that reason, the relay was told, and nothing is left. */
export async function checkFailed(hop: OneHop, reason: string): Promise<void> {
  await hop.settle();
  assert.equal(hop.end && { kind: hop.end.kind, reason: hop.end.reason }, { kind: 'protocol', reason });
  assert.is(hop.controls.at(-1), CELL.destroy);
  hop.close();
}
