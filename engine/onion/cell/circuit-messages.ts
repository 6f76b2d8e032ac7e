import { uint16 } from '../../codec/big-endian.ts';
import { CELL_BODY_BYTES } from './command.ts';
import { bad, type Decoded, good } from './decoded.ts';
import { FieldReader, join } from './fields.ts';
import type { Create2 } from './messages.ts';
import { DESTROY_REASON, type DestroyReason } from './reason.ts';

const FAST_BYTES = 20;
const CREATED2_DATA_MAX = CELL_BODY_BYTES - 2;

export function encodeCreate2(message: Create2): Uint8Array {
  return join(uint16(message.type), uint16(message.data.length), message.data);
}

/** tor-spec, "CREATE and CREATED cells". Also inside EXTEND2. The data is a view. */
export function decodeCreate2(body: Uint8Array): Decoded<Create2> {
  const reader = new FieldReader(body);
  const type = reader.uint16();
  const length = reader.uint16();
  const data = reader.bytes(length);
  return reader.short ? bad('bad-length') : good({ type, data });
}

export function encodeCreated2(data: Uint8Array): Uint8Array {
  return join(uint16(data.length), data);
}

/** CREATED2 and RELAY_EXTENDED2: the handshake's answer, a view. */
export function decodeCreated2(body: Uint8Array): Decoded<Uint8Array> {
  const reader = new FieldReader(body);
  const length = reader.uint16();
  if (length > CREATED2_DATA_MAX) return bad('bad-length');
  const data = reader.bytes(length);
  return reader.short ? bad('bad-length') : good(data);
}

/** CREATE_FAST: X (20 bytes), a view. */
export function decodeCreateFast(body: Uint8Array): Decoded<Uint8Array> {
  return body.length < FAST_BYTES ? bad('short') : good(body.subarray(0, FAST_BYTES));
}

/** CREATED_FAST: Y and KH (20 bytes each), views. */
export function decodeCreatedFast(
  body: Uint8Array,
): Decoded<{ readonly y: Uint8Array; readonly derivative: Uint8Array }> {
  if (body.length < 2 * FAST_BYTES) return bad('short');
  return good({ y: body.subarray(0, FAST_BYTES), derivative: body.subarray(FAST_BYTES, 2 * FAST_BYTES) });
}

/** The reason of a DESTROY cell or a TRUNCATED message; one that is empty has none to give. */
export function decodeDestroyReason(body: Uint8Array): DestroyReason {
  return body[0] ?? DESTROY_REASON.none;
}

export function encodeDestroyReason(reason: DestroyReason): Uint8Array {
  return Uint8Array.of(reason);
}
