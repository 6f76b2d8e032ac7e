import { verify } from 'node:crypto';
import { readTime } from '../time.ts';
import { equalBytes } from './bytes.ts';
import { DER, derObjectId } from './der.ts';
import { type DerElement, DerReader } from './der-reader.ts';
import { bad, good, type Outcome } from './outcome.ts';
import { decodeRsaPublicKey, RELAY_RSA_BITS, rsaPublicKeyObject } from './rsa-key.ts';

/** One that C tor makes has about 500 bytes. */
export const IDENTITY_CERTIFICATE_BYTES_MAX = 4096;

const DAY_MS = 86_400_000;
/** How wrong clocks may be: C tor takes one that begins in 30 days or ended 2 days ago. */
const EARLY_MS = 30 * DAY_MS;
const LATE_MS = 2 * DAY_MS;
/** RFC 5280: two digits of the year mean 1950 to 2049. */
const FIRST_SHORT_YEAR = 50;
const SERIAL_BYTES_MAX = 20;

const RSA_ENCRYPTION = derObjectId('1.2.840.113549.1.1.1');
/** RSA with these; nobody signs with anything else. */
const DIGESTS: readonly (readonly [objectId: Uint8Array, name: string])[] = [
  [derObjectId('1.2.840.113549.1.1.11'), 'sha256'],
  [derObjectId('1.2.840.113549.1.1.5'), 'sha1'],
  [derObjectId('1.2.840.113549.1.1.12'), 'sha384'],
  [derObjectId('1.2.840.113549.1.1.13'), 'sha512'],
];

export type IdentityCertificateFault =
  | 'too-long'
  | 'bad-der'
  | 'not-rsa'
  | 'not-1024-bits'
  | 'not-yet-valid'
  | 'expired'
  | 'unknown-signature'
  | 'wrong-signature';

interface Certificate {
  readonly signedPart: Uint8Array;
  readonly signatureAlgorithm: Uint8Array;
  readonly signature: Uint8Array;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly keyAlgorithm: Uint8Array;
  readonly publicKey: Uint8Array;
}

/**
 * Checks type 2 of a CERTS cell: X.509, signed by the very RSA key it is for, which has exactly 1024 bits, and valid
 * at `nowMs` (Unix milliseconds) with the slack C tor gives. The value is that key, PKCS#1 DER, a copy.
 */
export function checkIdentityCertificate(
  der: Uint8Array,
  nowMs: number,
): Outcome<Uint8Array, IdentityCertificateFault> {
  if (der.length > IDENTITY_CERTIFICATE_BYTES_MAX) return bad('too-long');
  const certificate = decode(der.slice());
  if (certificate === undefined) return bad('bad-der');
  if (!equalBytes(certificate.keyAlgorithm, RSA_ENCRYPTION)) return bad('not-rsa');
  const key = decodeRsaPublicKey(certificate.publicKey);
  if (!key.ok) return bad(key.reason === 'bad-size' ? 'not-1024-bits' : 'bad-der');
  if (key.value.modulusBits !== RELAY_RSA_BITS) return bad('not-1024-bits');
  if (nowMs + EARLY_MS < certificate.notBeforeMs) return bad('not-yet-valid');
  if (nowMs - LATE_MS > certificate.notAfterMs) return bad('expired');
  const digest = DIGESTS.find(([objectId]) => equalBytes(objectId, certificate.signatureAlgorithm))?.[1];
  if (digest === undefined) return bad('unknown-signature');
  return isSigned(certificate, digest) ? good(certificate.publicKey) : bad('wrong-signature');
}

function isSigned({ publicKey, signedPart, signature }: Certificate, digest: string): boolean {
  const key = rsaPublicKeyObject(publicKey);
  return key !== undefined && verify(digest, signedPart, key, signature);
}

/** RFC 5280, section 4.1. Names, extensions and unique identifiers are not looked at. */
function decode(der: Uint8Array): Certificate | undefined {
  const file = new DerReader(der);
  const outer = file.sequence();
  const signed = outer?.expect(DER.sequence);
  const algorithm = outer?.expect(DER.sequence);
  const signature = bitsOf(outer?.expect(DER.bitString));
  if (outer?.done !== true || !file.done || signed === undefined) return undefined;

  const body = new DerReader(signed.body);
  body.skip(DER.context0);
  body.positiveInteger(SERIAL_BYTES_MAX);
  const signedAlgorithm = body.expect(DER.sequence);
  body.expect(DER.sequence); // issuer
  const validity = body.sequence();
  const notBeforeMs = timeOf(validity?.any());
  const notAfterMs = timeOf(validity?.any());
  body.expect(DER.sequence); // subject
  const keyInfo = body.sequence();
  const keyAlgorithm = keyInfo?.sequence()?.expect(DER.objectId);
  const publicKey = bitsOf(keyInfo?.expect(DER.bitString));
  const signatureAlgorithm = new DerReader(algorithm?.body ?? new Uint8Array(0)).expect(DER.objectId);
  if (
    algorithm === undefined ||
    signedAlgorithm === undefined ||
    !equalBytes(signedAlgorithm.whole, algorithm.whole) || // only the inner one is signed
    signatureAlgorithm === undefined ||
    signature === undefined ||
    notBeforeMs === undefined ||
    notAfterMs === undefined ||
    keyAlgorithm === undefined ||
    publicKey === undefined
  ) {
    return undefined;
  }
  return {
    signedPart: signed.whole,
    signatureAlgorithm: signatureAlgorithm.whole,
    signature,
    notBeforeMs,
    notAfterMs,
    keyAlgorithm: keyAlgorithm.whole,
    publicKey,
  };
}

/** The bytes of a BIT STRING that has no odd bits at its end. */
function bitsOf(element: DerElement | undefined): Uint8Array | undefined {
  return element?.body[0] === 0 ? element.body.subarray(1) : undefined;
}

/** UTCTime or GeneralizedTime in UTC with seconds, as Unix milliseconds. */
function timeOf(element: DerElement | undefined): number | undefined {
  if (element === undefined) return undefined;
  let text = String.fromCharCode(...element.body.subarray(0, 20));
  if (element.tag === DER.utcTime) text = (Number(text.slice(0, 2)) < FIRST_SHORT_YEAR ? '20' : '19') + text;
  else if (element.tag !== DER.generalizedTime) return undefined;
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (parts === null) return undefined;
  const [, year, month, day, hour, minute, second] = parts;
  return readTime(`${year}-${month}-${day}`, `${hour}:${minute}:${second}`);
}
