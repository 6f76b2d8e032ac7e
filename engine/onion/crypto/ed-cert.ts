import { readUint32, writeUint32 } from '../../codec/big-endian.ts';
import { joinBytes } from './bytes.ts';
import { ED25519_KEY_BYTES, ED25519_SIGNATURE_BYTES } from './ed25519.ts';
import { bad, good, type Outcome } from './outcome.ts';

/** cert-spec: what a certificate is for. */
export const ED_CERT_TYPE = {
  /** Identity → signing key, medium term. */
  signing: 0x04,
  /** Signing key → SHA-256 of the TLS certificate. */
  tlsLink: 0x05,
  /** Signing key → link authentication key. */
  linkAuth: 0x06,
  /** Blinded onion service key → descriptor signing key. */
  hsSigning: 0x08,
  /** Descriptor signing key → introduction point authentication key. */
  hsIntroAuth: 0x09,
  /** Onion key (as an Ed25519 key) → identity. */
  ntorCross: 0x0a,
  /** Descriptor signing key → introduction point encryption key (as an Ed25519 key). */
  hsIntroEncryption: 0x0b,
  /** Family key → identity. */
  family: 0x0c,
} as const;

/** cert-spec: what kind of thing is certified. */
export const CERTIFIED_KEY = { ed25519: 1, rsaSha256: 2, x509Sha256: 3 } as const;

const VERSION = 1;
const EXTENSION_SIGNED_WITH = 0x04;
const FLAG_AFFECTS_VALIDATION = 0x01;
/** Version, type, expiry (4), kind of key, key (32), number of extensions. */
const HEAD_BYTES = 40;
const EXTENSION_HEAD_BYTES = 4;

/** A certificate of cert-spec, “Ed25519 certificates”. */
export interface EdCert {
  readonly type: number;
  /** Hours since 1970 after which it is void. */
  readonly expirationHours: number;
  /** One of {@link CERTIFIED_KEY}. */
  readonly keyType: number;
  /** 32 bytes: a public key or a digest. */
  readonly certifiedKey: Uint8Array;
  /** The signer, where the certificate names it. */
  readonly signedWith: Uint8Array | undefined;
}

/** One that was read, with what a check of the signature needs. */
export interface DecodedEdCert extends EdCert {
  readonly signedPart: Uint8Array;
  readonly signature: Uint8Array;
}

/** `unknown-extension`: one that the issuer says must be understood. */
export type EdCertDecodeFault = 'bad-length' | 'bad-version' | 'bad-extension' | 'unknown-extension';

/** The bytes of a certificate. `sign` makes the 64 bytes of the signature over all that is before it. */
export function encodeEdCert(cert: EdCert, sign: (signedPart: Uint8Array) => Uint8Array): Uint8Array {
  if (cert.certifiedKey.length !== ED25519_KEY_BYTES) throw new RangeError('a certified key has 32 bytes');
  const head = new Uint8Array(HEAD_BYTES);
  head[0] = VERSION;
  head[1] = cert.type;
  writeUint32(head, 2, cert.expirationHours);
  head[6] = cert.keyType;
  head.set(cert.certifiedKey, 7);
  head[39] = cert.signedWith === undefined ? 0 : 1;
  const extension =
    cert.signedWith === undefined
      ? new Uint8Array(0)
      : joinBytes(Uint8Array.of(0, ED25519_KEY_BYTES, EXTENSION_SIGNED_WITH, 0), cert.signedWith);
  const signedPart = joinBytes(head, extension);
  return joinBytes(signedPart, sign(signedPart));
}

/** Reads a certificate; nothing is checked that needs a key or a clock. All byte arrays are copies. */
export function decodeEdCert(bytes: Uint8Array): Outcome<DecodedEdCert, EdCertDecodeFault> {
  if (bytes.length < HEAD_BYTES + ED25519_SIGNATURE_BYTES) return bad('bad-length');
  if (bytes[0] !== VERSION) return bad('bad-version');
  const copy = bytes.slice();
  const end = copy.length - ED25519_SIGNATURE_BYTES;
  const signedPart = copy.subarray(0, end);
  const extensions = decodeExtensions(signedPart, HEAD_BYTES, copy[39]!);
  if (!extensions.ok) return extensions;
  return good({
    type: copy[1]!,
    expirationHours: readUint32(copy, 2),
    keyType: copy[6]!,
    certifiedKey: copy.subarray(7, 7 + ED25519_KEY_BYTES),
    signedWith: extensions.value,
    signedPart,
    signature: copy.subarray(end),
  });
}

/** The signer, if an extension names it. There are at most 255, and each takes at least 4 of the bytes there are. */
function decodeExtensions(
  bytes: Uint8Array,
  start: number,
  count: number,
): Outcome<Uint8Array | undefined, 'bad-extension' | 'unknown-extension'> {
  let signedWith: Uint8Array | undefined;
  let at = start;
  for (let index = 0; index < count; index++) {
    const dataAt = at + EXTENSION_HEAD_BYTES;
    if (dataAt > bytes.length) return bad('bad-extension');
    const dataEnd = dataAt + bytes[at]! * 256 + bytes[at + 1]!;
    if (dataEnd > bytes.length) return bad('bad-extension');
    if (bytes[at + 2] === EXTENSION_SIGNED_WITH) {
      if (dataEnd - dataAt !== ED25519_KEY_BYTES || signedWith !== undefined) return bad('bad-extension');
      signedWith = bytes.subarray(dataAt, dataEnd);
    } else if ((bytes[at + 3]! & FLAG_AFFECTS_VALIDATION) !== 0) {
      return bad('unknown-extension');
    }
    at = dataEnd;
  }
  return at === bytes.length ? good(signedWith) : bad('bad-extension');
}
