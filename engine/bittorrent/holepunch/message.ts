import { readAddress } from '../../codec/address.ts';
import { readEndpoint } from '../../codec/compact-endpoint.ts';
import type { Endpoint } from '../../runtime/port.ts';

/** BEP 55: the name of the extension in the handshake. */
export const HOLEPUNCH_EXTENSION = 'ut_holepunch';

/** BEP 55: why a relay does not introduce two peers. */
export const PUNCH_ERROR = { noSuchPeer: 1, notConnected: 2, noSupport: 3, noSelf: 4 } as const;

/**
 * A message of BEP 55. `rendezvous` asks a relay for an introduction to `endpoint`; `connect` asks its receiver to call
 * there by uTP; `error` says that nothing comes of a rendezvous.
 */
export interface PunchMessage {
  readonly kind: 'rendezvous' | 'connect' | 'error';
  readonly endpoint: Endpoint;
  /** 0 but in errors. */
  readonly error: number;
}

const KINDS = ['rendezvous', 'connect', 'error'] as const;
/** Type and kind of address in front; port and error behind. */
const HEAD_BYTES = 2;
const PORT_BYTES = 2;
const ERROR_BYTES = 4;

/** BEP 55. Undefined for an endpoint that is no literal address. */
export function encodePunchMessage({ kind, endpoint, error }: PunchMessage): Uint8Array | undefined {
  const address = readAddress(endpoint.host);
  if (address === undefined) return undefined;
  const bytes = new Uint8Array(HEAD_BYTES + address.length + PORT_BYTES + ERROR_BYTES);
  const view = new DataView(bytes.buffer);
  bytes[0] = KINDS.indexOf(kind);
  bytes[1] = address.length === 4 ? 0 : 1;
  bytes.set(address, HEAD_BYTES);
  view.setUint16(HEAD_BYTES + address.length, endpoint.port);
  view.setUint32(HEAD_BYTES + address.length + PORT_BYTES, error);
  return bytes;
}

/**
 * A stranger's message; undefined when it is none. An endpoint that nothing can be sent to counts as port 0 of its kind
 * of address. libtorrent leaves the error out where there is none.
 */
export function decodePunchMessage(payload: Uint8Array): PunchMessage | undefined {
  const kind = KINDS[payload[0] ?? KINDS.length];
  const family = payload[1] === 0 ? 4 : payload[1] === 1 ? 16 : undefined;
  if (kind === undefined || family === undefined) return undefined;
  const errorAt = HEAD_BYTES + family + PORT_BYTES;
  if (payload.length < errorAt) return undefined;
  const endpoint = readEndpoint(payload, HEAD_BYTES, family) ?? {
    host: family === 4 ? '0.0.0.0' : '::',
    port: 0,
  };
  const hasError = payload.length >= errorAt + ERROR_BYTES;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  return { kind, endpoint, error: hasError ? view.getUint32(errorAt) : 0 };
}
