import { bad, good, type Outcome } from './outcome.ts';

/** tor-spec: extensions of the ntor-v3 messages of a circuit. */
const CC_REQUEST = 1;
const CC_RESPONSE = 2;
const SUBPROTOCOL_REQUEST = 3;
/** Subprotocol Relay, and its capability Counter Galois Onion: the only pair a client may ask for. */
const RELAY_PROTOCOL = 2;
const RELAY_CGO = 6;

/** What a client asks of a hop. CGO needs congestion control. */
export interface HopWishes {
  readonly congestionControl: boolean;
  readonly cgo: boolean;
}

/** What a relay grants: the number of cells between two SENDMEs, where congestion control was asked for. */
export interface HopGrant {
  readonly sendmeIncrement: number | undefined;
}

/** `unknown-subprotocol`: something else than CGO was asked for, which must not be ignored. */
export type ExtensionFault = 'bad-extensions' | 'unknown-subprotocol' | 'cgo-without-congestion-control';

/** The client's message. */
export function encodeHopWishes(wishes: HopWishes): Uint8Array {
  const out = [0];
  if (wishes.congestionControl) out.push(CC_REQUEST, 0);
  if (wishes.cgo) out.push(SUBPROTOCOL_REQUEST, 2, RELAY_PROTOCOL, RELAY_CGO);
  out[0] = Number(wishes.congestionControl) + Number(wishes.cgo);
  return Uint8Array.from(out);
}

/** Reads the client's message; extensions that mean nothing here are skipped. */
export function decodeHopWishes(message: Uint8Array): Outcome<HopWishes, ExtensionFault> {
  const extensions = decodeExtensions(message);
  if (extensions === undefined) return bad('bad-extensions');
  const request = extensions.get(CC_REQUEST);
  if (request !== undefined && request.length > 0) return bad('bad-extensions');
  const subprotocols = extensions.get(SUBPROTOCOL_REQUEST);
  if (subprotocols !== undefined) {
    if (subprotocols.length === 0 || subprotocols.length % 2 !== 0) return bad('bad-extensions');
    const known = subprotocols[0] === RELAY_PROTOCOL && subprotocols[1] === RELAY_CGO;
    if (!known || subprotocols.length > 2) return bad('unknown-subprotocol');
    if (request === undefined) return bad('cgo-without-congestion-control');
  }
  return good({ congestionControl: request !== undefined, cgo: subprotocols !== undefined });
}

/** The relay's message. `sendmeIncrement`: 1 … 255. */
export function encodeHopGrant(grant: HopGrant): Uint8Array {
  const { sendmeIncrement } = grant;
  return sendmeIncrement === undefined ? Uint8Array.of(0) : Uint8Array.of(1, CC_RESPONSE, 1, sendmeIncrement);
}

/** Reads the relay's message; extensions that mean nothing here are skipped. */
export function decodeHopGrant(message: Uint8Array): Outcome<HopGrant, ExtensionFault> {
  const extensions = decodeExtensions(message);
  if (extensions === undefined) return bad('bad-extensions');
  const response = extensions.get(CC_RESPONSE);
  if (response === undefined) return good({ sendmeIncrement: undefined });
  if (response.length !== 1 || response[0] === 0) return bad('bad-extensions');
  return good({ sendmeIncrement: response[0] });
}

/** By type. Undefined when they are not in ascending order, not unique, or do not end with the message. */
function decodeExtensions(message: Uint8Array): ReadonlyMap<number, Uint8Array> | undefined {
  const found = new Map<number, Uint8Array>();
  const count = message[0];
  if (count === undefined) return undefined;
  let at = 1;
  let typeBefore = -1;
  for (let index = 0; index < count; index++) {
    const type = message[at];
    const byteLength = message[at + 1];
    if (type === undefined || byteLength === undefined || type <= typeBefore) return undefined;
    if (at + 2 + byteLength > message.length) return undefined;
    found.set(type, message.subarray(at + 2, at + 2 + byteLength));
    typeBefore = type;
    at += 2 + byteLength;
  }
  return at === message.length ? found : undefined;
}
