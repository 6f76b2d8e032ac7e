import { sign } from 'node:crypto';
import { timeText } from '../time.ts';
import { ascii } from './bytes.ts';
import { DER, derBitString, derElement, derInteger, derObjectId, derSequence } from './der.ts';
import { rsaPrivateKeyObject, rsaPublicKeyOf } from './rsa-key.ts';

const COMMON_NAME = '2.5.4.3';
const RSA_ENCRYPTION = '1.2.840.113549.1.1.1';
const SHA256_WITH_RSA = '1.2.840.113549.1.1.11';
/** X.509 counts versions from 0. */
const VERSION_3 = 2;
/** RFC 5280: two digits of the year until 2049. */
const FIRST_GENERALIZED_YEAR = 2050;

/** What a certificate says. */
export interface CertificateContent {
  /** Common names. */
  readonly subject: string;
  readonly issuer: string;
  /** At most 20 bytes, > 0. */
  readonly serial: Uint8Array;
  /** Unix milliseconds, whole seconds. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** SubjectPublicKeyInfo in DER. */
  readonly publicKeyInfo: Uint8Array;
}

/** A certificate (RFC 5280) signed by an RSA key (PKCS#1 DER) with SHA-256. The same input gives the same bytes. */
export function makeCertificate(content: CertificateContent, signerPrivateKeyDer: Uint8Array): Uint8Array {
  const algorithm = derSequence(derObjectId(SHA256_WITH_RSA), derElement(DER.null));
  const signedPart = derSequence(
    derElement(DER.context0, derInteger(Uint8Array.of(VERSION_3))),
    derInteger(content.serial),
    algorithm,
    nameOf(content.issuer),
    derSequence(timeOf(content.notBeforeMs), timeOf(content.notAfterMs)),
    nameOf(content.subject),
    content.publicKeyInfo,
  );
  const signature = sign('sha256', signedPart, rsaPrivateKeyObject(signerPrivateKeyDer));
  return derSequence(signedPart, algorithm, derBitString(signature));
}

/** SubjectPublicKeyInfo of the public half of an RSA key (PKCS#1 DER). */
export function rsaPublicKeyInfo(privateKeyDer: Uint8Array): Uint8Array {
  const algorithm = derSequence(derObjectId(RSA_ENCRYPTION), derElement(DER.null));
  return derSequence(algorithm, derBitString(rsaPublicKeyOf(privateKeyDer)));
}

function nameOf(commonName: string): Uint8Array {
  const attribute = derSequence(derObjectId(COMMON_NAME), derElement(DER.utf8String, ascii(commonName)));
  return derSequence(derElement(DER.set, attribute));
}

function timeOf(timeMs: number): Uint8Array {
  const digits = timeText(timeMs).replace(/\D/g, '');
  return Number(digits.slice(0, 4)) < FIRST_GENERALIZED_YEAR
    ? derElement(DER.utcTime, ascii(`${digits.slice(2)}Z`))
    : derElement(DER.generalizedTime, ascii(`${digits}Z`));
}
