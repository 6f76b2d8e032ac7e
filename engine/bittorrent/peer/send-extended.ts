import { writeExtended } from '../wire/encode.ts';
import type { PeerConnection } from './connection.ts';

/** BEP 10: sends an extension message; `extension` is the number the receiver gave it. */
export function sendExtended(connection: PeerConnection, extension: number, payload: Uint8Array): void {
  const box = connection.outbox;
  box.commit(writeExtended(box.reserve(6 + payload.length), box.at, extension, payload));
}
