import { p256 } from '@noble/curves/nist.js';
import type { Random, TlsIdentity } from '../../runtime/port.ts';
import { DER, derBitString, derElement, derInteger, derObjectId, derSequence } from './der.ts';
import { makeCertificate, rsaPublicKeyInfo } from './x509.ts';

const SECOND_MS = 1000;
const DAY_MS = 86_400_000;
/** How long the certificate of an identity is valid. */
const IDENTITY_LIFETIME_DAYS = 365;
/** How much of its lifetime is left at least; more than the two days after which a link key is changed. */
const DAYS_LEFT_MIN = 3;
const TLS_LIFETIME_DAYS_MIN = 5;
const TLS_LIFETIME_DAYS_MAX = 365;
const HOST_LETTERS_MIN = 8;
const HOST_LETTERS_MAX = 20;
/** Base 32, as other relays make theirs of. */
const LETTERS = 'abcdefghijklmnopqrstuvwxyz234567';
const SERIAL_BYTES = 8;

const EC_PUBLIC_KEY = '1.2.840.10045.2.1';
const PRIME256V1 = '1.2.840.10045.3.1.7';

/** What a relay shows in TLS, and the X.509 part of its CERTS cell. */
export interface LinkCertificates {
  /** A key of its own with a certificate by the identity key. */
  readonly tls: TlsIdentity;
  /** Type 2 of a CERTS cell: self-signed by the identity key. DER. */
  readonly identityCertificate: Uint8Array;
}

/** A key for TLS that was made elsewhere. */
export interface TlsKey {
  /** PKCS#8 DER. */
  readonly privateKeyDer: Uint8Array;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKeyInfo: Uint8Array;
}

/**
 * Makes both, looking like everybody's: `www.….net` signed by `www.….com`, with dates that do not tell when the relay
 * was started (tor-spec: negotiating and initializing links). `rsaPrivateKeyDer`: the identity key, PKCS#1;
 * `nowMs`: Unix milliseconds. To be made anew every day or two. Takes some milliseconds. `tlsKey`: in place of a fresh
 * P-256 key; C tor has RSA keys of 2,048 bits there, and notes an error in its log for any other kind.
 */
export function makeLinkCertificates(
  options: { readonly rsaPrivateKeyDer: Uint8Array; readonly nowMs: number; readonly tlsKey?: TlsKey },
  modules: { readonly random: Random },
): LinkCertificates {
  const { rsaPrivateKeyDer, nowMs } = options;
  const { random } = modules;
  const [subject, issuer] = [hostName(random, 'net'), hostName(random, 'com')];
  const key = options.tlsKey ?? makeP256Key(random);
  const lifetimeDays =
    TLS_LIFETIME_DAYS_MIN + random.below(TLS_LIFETIME_DAYS_MAX - TLS_LIFETIME_DAYS_MIN + 1);
  const certificateDer = makeCertificate(
    {
      subject,
      issuer,
      serial: serialOf(random),
      ...validity(random, nowMs, lifetimeDays),
      publicKeyInfo: key.publicKeyInfo,
    },
    rsaPrivateKeyDer,
  );
  const identityCertificate = makeCertificate(
    {
      subject: issuer,
      issuer,
      serial: serialOf(random),
      ...validity(random, nowMs, IDENTITY_LIFETIME_DAYS),
      publicKeyInfo: rsaPublicKeyInfo(rsaPrivateKeyDer),
    },
    rsaPrivateKeyDer,
  );
  return { tls: { privateKeyDer: key.privateKeyDer, certificateDer }, identityCertificate };
}

/** Begins at a midnight somewhere in the past, and has some days left. */
function validity(
  random: Random,
  nowMs: number,
  lifetimeDays: number,
): { notBeforeMs: number; notAfterMs: number } {
  const backMs = random.below((lifetimeDays - DAYS_LEFT_MIN) * (DAY_MS / SECOND_MS)) * SECOND_MS;
  const notBeforeMs = Math.max(0, Math.floor((nowMs - backMs) / DAY_MS) * DAY_MS);
  return { notBeforeMs, notAfterMs: notBeforeMs + lifetimeDays * DAY_MS };
}

function hostName(random: Random, domain: string): string {
  const length = HOST_LETTERS_MIN + random.below(HOST_LETTERS_MAX - HOST_LETTERS_MIN + 1);
  const letters = Array.from({ length }, () => LETTERS[random.below(LETTERS.length)]);
  return `www.${letters.join('')}.${domain}`;
}

/** Positive and of a fixed length. */
function serialOf(random: Random): Uint8Array {
  const bytes = random.bytes(SERIAL_BYTES).slice();
  bytes[0] = (bytes[0]! & 0x3f) | 0x40;
  return bytes;
}

/** A key as RFC 5480 and RFC 5915 write it. */
function makeP256Key(random: Random): TlsKey {
  let secret = random.bytes(32);
  while (!p256.utils.isValidSecretKey(secret)) secret = random.bytes(32);
  const point = p256.getPublicKey(secret, false);
  const algorithm = derSequence(derObjectId(EC_PUBLIC_KEY), derObjectId(PRIME256V1));
  const inner = derSequence(
    derInteger(Uint8Array.of(1)),
    derElement(DER.octetString, secret),
    derElement(DER.context1, derBitString(point)),
  );
  return {
    privateKeyDer: derSequence(derInteger(Uint8Array.of(0)), algorithm, derElement(DER.octetString, inner)),
    publicKeyInfo: derSequence(algorithm, derBitString(point)),
  };
}
