import { ascii, joinBytes } from '../crypto/bytes.ts';
import { sha1, sha256 } from '../crypto/digest.ts';
import { CERTIFIED_KEY, ED_CERT_TYPE } from '../crypto/ed-cert.ts';
import { checkEdCert } from '../crypto/ed-cert-check.ts';
import { ed25519Sign, ed25519Verify } from '../crypto/ed25519.ts';
import { rsaSign, rsaVerify } from '../crypto/rsa-signature.ts';
import type { DocumentItem, ItemRules, Items } from './items.ts';
import { pemText } from './pem.ts';
import { failure, type Result, success } from './result.ts';
import { decodeBase64, encodeBase64, latin1Bytes } from './text.ts';

/** dir-spec, router-sig-ed25519: what is put before the text. */
const PREFIX = ascii('Tor router descriptor signature v1');
const ED_KEYWORD = 'router-sig-ed25519 ';
const HOUR_MS = 3_600_000;

/** The lines that make server descriptors and extra-info documents believable. */
export const ROUTER_SIGNATURE_RULES: ItemRules = {
  'identity-ed25519': { times: 'once', object: 'ED25519 CERT' },
  'router-sig-ed25519': { times: 'once', wordsMin: 1 },
  'router-signature': { times: 'once', object: 'SIGNATURE', place: 'last' },
};

/** Keys that sign what a relay says of itself. */
export interface RouterSigningKeys {
  /** RSA identity, PKCS#1 DER. */
  readonly rsaIdentityPrivateKey: Uint8Array;
  /** Certificate of the Ed25519 identity about the signing key (type 4, with the signer inside). */
  readonly signingCert: Uint8Array;
  /** Seed of the Ed25519 signing key. */
  readonly signingSeed: Uint8Array;
}

/** What the certificate in `identity-ed25519` says. */
export interface RouterIdentity {
  readonly ed25519Id: Uint8Array;
  readonly signingKey: Uint8Array;
  /** Unix milliseconds. */
  readonly expiresMs: number;
}

/** The text (latin-1) with both signatures behind it. */
export function signRouterText(text: string, keys: RouterSigningKeys): Uint8Array {
  const begun = latin1Bytes(text + ED_KEYWORD);
  const edSignature = ed25519Sign(keys.signingSeed, sha256(joinBytes(PREFIX, begun)));
  const signed = latin1Bytes(`${text}${ED_KEYWORD}${encodeBase64(edSignature)}\nrouter-signature\n`);
  const rsaSignature = rsaSign(keys.rsaIdentityPrivateKey, sha1(signed));
  return joinBytes(signed, latin1Bytes(pemText('SIGNATURE', rsaSignature)));
}

/** Checks the certificate in `identity-ed25519`; nothing is signed yet that way but the signing key. */
export function readRouterIdentity(item: DocumentItem, nowMs: number): Result<RouterIdentity> {
  const cert = checkEdCert(item.object!.bytes, {
    type: ED_CERT_TYPE.signing,
    keyType: CERTIFIED_KEY.ed25519,
    signedBy: undefined,
    nowMs,
  });
  if (!cert.ok) return failure(`the certificate of its Ed25519 signing key is not good (${cert.reason})`);
  const { signedWith, certifiedKey, expirationHours } = cert.value;
  return success({ ed25519Id: signedWith, signingKey: certifiedKey, expiresMs: expirationHours * HOUR_MS });
}

/** Whether the signing key has signed the text up to `router-sig-ed25519 `; that line must be the last but one. */
export function isEd25519Signed(bytes: Uint8Array, items: Items, signingKey: Uint8Array): boolean {
  const item = items.one('router-sig-ed25519');
  if (items.one('router-signature').start !== item.lineEnd) return false;
  const signature = decodeBase64(item.words[0]!, 64);
  const signed = sha256(joinBytes(PREFIX, bytes.subarray(0, item.start + ED_KEYWORD.length)));
  return signature !== undefined && ed25519Verify(signingKey, signed, signature);
}

/** SHA-1 of the text up to `router-signature`: what is signed with RSA, and the name of the document. */
export function routerDigest(bytes: Uint8Array, items: Items): Uint8Array {
  return sha1(bytes.subarray(0, items.one('router-signature').lineEnd));
}

/** Whether the RSA identity (PKCS#1 DER) has signed the text. */
export function isRsaSigned(bytes: Uint8Array, items: Items, identityKey: Uint8Array): boolean {
  const signature = items.one('router-signature').object!.bytes;
  return rsaVerify(identityKey, signature, routerDigest(bytes, items));
}
