import {
  asBytes,
  asDict,
  asInteger,
  asText,
  type BencodeValue,
  decodeBencode,
  encodeBencode,
} from '../../codec/bencode.ts';
import type { WireFault } from './rules.ts';

/** Extension number of the handshake itself (BEP 10). */
export const EXTENSION_HANDSHAKE = 0;

/** Most bytes of a peer's handshake; what clients send is under 1 KiB. */
export const EXTENSION_HANDSHAKE_BYTES_MAX = 16 * 1024;
/** Most extensions of one peer that are remembered. */
export const EXTENSIONS_MAX = 64;
const NAME_LENGTH_MAX = 64;
const CLIENT_LENGTH_MAX = 128;

/** The extension handshake (BEP 10). What a peer leaves out, or gives in a wrong form, is undefined. */
export interface ExtensionHandshake {
  /** `m`: the numbers this side of the wire wants to receive extensions under; 0: switched off. All names are kept. */
  readonly extensions: ReadonlyMap<string, number>;
  /** `v` */
  readonly client?: string | undefined;
  /** `p`: where the peer listens for TCP. */
  readonly listenPort?: number | undefined;
  /** `reqq`: requests it queues without dropping any. */
  readonly requestsMax?: number | undefined;
  /** `yourip`: the receiver's address as the sender sees it, 4 or 16 bytes. */
  readonly yourAddress?: Uint8Array | undefined;
  /** 4 bytes. */
  readonly ipv4?: Uint8Array | undefined;
  /** 16 bytes. */
  readonly ipv6?: Uint8Array | undefined;
  /** `metadata_size`, BEP 9: bytes of the info dictionary. */
  readonly metadataBytes?: number | undefined;
  /** `upload_only`, BEP 21: it downloads nothing more. */
  readonly isUploadOnly?: boolean | undefined;
}

/** The payload of an extended message with number {@link EXTENSION_HANDSHAKE}. */
export function encodeExtensionHandshake(handshake: ExtensionHandshake): Uint8Array {
  return encodeBencode({
    m: handshake.extensions,
    v: handshake.client,
    p: handshake.listenPort,
    reqq: handshake.requestsMax,
    yourip: handshake.yourAddress,
    ipv4: handshake.ipv4,
    ipv6: handshake.ipv6,
    metadata_size: handshake.metadataBytes,
    upload_only: handshake.isUploadOnly,
  });
}

/**
 * Decodes a peer's handshake. Fields of a wrong kind are left out, for all are optional; `bad-extension` when it is
 * no dictionary or longer than {@link EXTENSION_HANDSHAKE_BYTES_MAX}. Byte arrays are copies.
 */
export function decodeExtensionHandshake(payload: Uint8Array): ExtensionHandshake | WireFault {
  const result = decodeBencode(payload, {
    depthMax: 8,
    itemCountMax: 1024,
    byteLengthMax: EXTENSION_HANDSHAKE_BYTES_MAX,
    keyOrder: 'any',
  });
  const fields = result.ok ? asDict(result.value) : undefined;
  if (fields === undefined) return 'bad-extension';
  return {
    extensions: extensionsOf(fields.get('m')),
    client: asText(fields.get('v'))?.slice(0, CLIENT_LENGTH_MAX),
    listenPort: within(fields.get('p'), 1, 65535),
    requestsMax: within(fields.get('reqq'), 1, 2 ** 31),
    yourAddress: address(fields.get('yourip'), 4) ?? address(fields.get('yourip'), 16),
    ipv4: address(fields.get('ipv4'), 4),
    ipv6: address(fields.get('ipv6'), 16),
    metadataBytes: within(fields.get('metadata_size'), 1, 2 ** 31),
    isUploadOnly: flag(fields.get('upload_only')),
  };
}

/**
 * The extensions after a further handshake of the same peer: `m` says only what has changed (BEP 10). At most
 * {@link EXTENSIONS_MAX}; later ones are not remembered.
 */
export function mergeExtensions(
  before: ReadonlyMap<string, number>,
  changes: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  const merged = new Map(before);
  for (const [name, number] of changes) {
    if (merged.has(name) || merged.size < EXTENSIONS_MAX) merged.set(name, number);
  }
  return merged;
}

function extensionsOf(value: BencodeValue | undefined): ReadonlyMap<string, number> {
  const extensions = new Map<string, number>();
  for (const [name, number] of asDict(value) ?? []) {
    const id = within(number, 0, 255);
    if (id === undefined || name.length > NAME_LENGTH_MAX) continue;
    if (extensions.size < EXTENSIONS_MAX) extensions.set(name, id);
  }
  return extensions;
}

function within(value: BencodeValue | undefined, min: number, max: number): number | undefined {
  const number = asInteger(value);
  return number !== undefined && number >= min && number <= max ? number : undefined;
}

function address(value: BencodeValue | undefined, byteLength: number): Uint8Array | undefined {
  const bytes = asBytes(value);
  return bytes?.length === byteLength ? bytes.slice() : undefined;
}

function flag(value: BencodeValue | undefined): boolean | undefined {
  const number = asInteger(value);
  return number === undefined ? undefined : number !== 0;
}
