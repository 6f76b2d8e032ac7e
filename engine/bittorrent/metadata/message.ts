import { asDict, asInteger, decodeBencode, encodeBencode } from '../../codec/bencode.ts';

/** BEP 9: the name of the extension in the handshake. */
export const METADATA_EXTENSION = 'ut_metadata';
/** BEP 9: the info dictionary is sent in parts of this many bytes; the last may be shorter. */
export const METADATA_PART_BYTES = 16_384;

const TYPES = ['request', 'data', 'reject'] as const;
const PART_MAX = 1 << 20;

/** A message of BEP 9. `bytes` is a view. */
export type MetadataMessage =
  | { readonly kind: 'request'; readonly part: number }
  | { readonly kind: 'reject'; readonly part: number }
  | { readonly kind: 'data'; readonly part: number; readonly bytes: Uint8Array };

/**
 * The payload of a metadata message. `unknown` for a kind of a later version, which BEP 9 says is to be passed over;
 * `bad-extension` when it has the wrong shape.
 */
export function decodeMetadataMessage(payload: Uint8Array): MetadataMessage | 'unknown' | 'bad-extension' {
  const result = decodeBencode(payload, {
    depthMax: 4,
    itemCountMax: 64,
    keyOrder: 'any',
    allowTrailing: true,
  });
  const fields = result.ok ? asDict(result.value) : undefined;
  if (!result.ok || fields === undefined) return 'bad-extension';
  const type = asInteger(fields.get('msg_type'));
  const part = asInteger(fields.get('piece'));
  if (type === undefined || part === undefined || part < 0 || part > PART_MAX) return 'bad-extension';
  const kind = TYPES[type];
  if (kind === undefined) return 'unknown';
  if (kind !== 'data') return { kind, part };
  const bytes = payload.subarray(result.end);
  return bytes.length === 0 || bytes.length > METADATA_PART_BYTES ? 'bad-extension' : { kind, part, bytes };
}

/** BEP 9: asks for a part, or says that it is not to be had. */
export function encodeMetadataRequest(kind: 'request' | 'reject', part: number): Uint8Array {
  return encodeBencode({ msg_type: TYPES.indexOf(kind), piece: part });
}

/** BEP 9: one part of the info dictionary `rawInfo`; the part must exist. */
export function encodeMetadataPart(rawInfo: Uint8Array, part: number): Uint8Array {
  const head = encodeBencode({ msg_type: 1, piece: part, total_size: rawInfo.length });
  const start = part * METADATA_PART_BYTES;
  const body = rawInfo.subarray(start, start + METADATA_PART_BYTES);
  const message = new Uint8Array(head.length + body.length);
  message.set(head);
  message.set(body, head.length);
  return message;
}

/** How many parts metadata of this length has. */
export function metadataParts(byteLength: number): number {
  return Math.ceil(byteLength / METADATA_PART_BYTES);
}
