import { uint16, uint32 } from '../../codec/big-endian.ts';
import { bad, type Decoded, good } from './decoded.ts';
import { FieldReader, join } from './fields.ts';
import type { CircuitPadding, CircuitPaddingAnswer, Sendme, Xon } from './messages.ts';

/** The tag of a SENDME: the running SHA-1 (tor1), or the cell's tag (CGO). */
const TOR1_TAG_BYTES = 20;
const CGO_TAG_BYTES = 16;
const EMPTY = new Uint8Array(0);

/** RELAY_SENDME, version 1 with a digest, version 0 empty. tor-spec, "SENDME cell format". */
export function encodeSendme(message: Sendme): Uint8Array {
  if (message.version === 0) return EMPTY;
  return join(Uint8Array.of(1), uint16(message.digest.length), message.digest);
}

/** RELAY_SENDME. An empty one is version 0. The digest is a view; its length fits one of the two ciphers. */
export function decodeSendme(data: Uint8Array): Decoded<Sendme> {
  if (data.length === 0) return good({ version: 0, digest: EMPTY });
  const reader = new FieldReader(data);
  const version = reader.uint8();
  const length = reader.uint16();
  if (reader.short) return version === 0 ? good({ version: 0, digest: EMPTY }) : bad('short');
  if (version === 0) return good({ version: 0, digest: EMPTY });
  if (version !== 1) return bad('bad-version');
  if (length !== TOR1_TAG_BYTES && length !== CGO_TAG_BYTES) return bad('bad-length');
  const digest = reader.bytes(length);
  return reader.short ? bad('short') : good({ version: 1, digest });
}

/** RELAY_XOFF. prop 324: version 0. */
export function encodeXoff(): Uint8Array {
  return Uint8Array.of(0);
}

export function decodeXoff(data: Uint8Array): Decoded<undefined> {
  if (data.length < 1) return bad('short');
  return data[0] === 0 ? good(undefined) : bad('bad-version');
}

/** RELAY_XON. prop 324: version 0 and a rate. */
export function encodeXon(message: Xon): Uint8Array {
  return join(Uint8Array.of(0), uint32(message.rateKbPerSec));
}

export function decodeXon(data: Uint8Array): Decoded<Xon> {
  const reader = new FieldReader(data);
  const version = reader.uint8();
  const rateKbPerSec = reader.uint32();
  if (reader.short) return bad('short');
  return version === 0 ? good({ rateKbPerSec }) : bad('bad-version');
}

const PADDING_COMMANDS = { stop: 1, start: 2 } as const;
const PADDING_RESPONSES = { ok: 1, error: 2 } as const;

/** RELAY_PADDING_NEGOTIATE. padding-spec, "circuit padding". */
export function encodeCircuitPadding(message: CircuitPadding): Uint8Array {
  const head = Uint8Array.of(0, PADDING_COMMANDS[message.command], message.machine, 0);
  return join(head, uint32(message.counter));
}

export function decodeCircuitPadding(data: Uint8Array): Decoded<CircuitPadding> {
  const reader = new FieldReader(data);
  const version = reader.uint8();
  const command = paddingCommand(reader.uint8());
  const machine = reader.uint8();
  reader.uint8();
  const counter = reader.uint32();
  if (reader.short) return bad('short');
  if (version !== 0) return bad('bad-version');
  return command === undefined ? bad('bad-value') : good({ command, machine, counter });
}

/** RELAY_PADDING_NEGOTIATED. */
export function encodeCircuitPaddingAnswer(message: CircuitPaddingAnswer): Uint8Array {
  const { command, response, machine, counter } = message;
  const head = Uint8Array.of(0, PADDING_COMMANDS[command], PADDING_RESPONSES[response], machine);
  return join(head, uint32(counter));
}

export function decodeCircuitPaddingAnswer(data: Uint8Array): Decoded<CircuitPaddingAnswer> {
  const reader = new FieldReader(data);
  const version = reader.uint8();
  const command = paddingCommand(reader.uint8());
  const answer = reader.uint8();
  const machine = reader.uint8();
  const counter = reader.uint32();
  if (reader.short) return bad('short');
  if (version !== 0) return bad('bad-version');
  if (command === undefined || (answer !== PADDING_RESPONSES.ok && answer !== PADDING_RESPONSES.error)) {
    return bad('bad-value');
  }
  return good({ command, response: answer === PADDING_RESPONSES.ok ? 'ok' : 'error', machine, counter });
}

function paddingCommand(byte: number): 'stop' | 'start' | undefined {
  if (byte === PADDING_COMMANDS.stop) return 'stop';
  return byte === PADDING_COMMANDS.start ? 'start' : undefined;
}
