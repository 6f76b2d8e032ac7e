import { ascii, equalBytes, joinBytes } from '../crypto/bytes.ts';
import { sha256 } from '../crypto/digest.ts';
import { ed25519Sign, ed25519Verify } from '../crypto/ed25519.ts';

/** AUTHENTICATE of type 3, Ed25519-SHA256-RFC5705: the only one in use. */
export const AUTHENTICATION_TYPE = 3;
const LABEL = 'EXPORTER FOR TOR TLS CLIENT BINDING AUTH0003';
const TYPE_BYTES = ascii('AUTH0003');
/** Eight bytes of type, eight digests and keys of 32. */
const FIXED_BYTES = 8 + 8 * 32;
/** Chance at the end of what is signed. */
export const AUTHENTICATION_RANDOM_BYTES = 24;
const SIGNATURE_BYTES = 64;

/** What both ends know before AUTHENTICATE. */
export interface AuthenticationFacts {
  /** PKCS#1 DER. */
  readonly initiatorRsaDer: Uint8Array;
  readonly responderRsaDer: Uint8Array;
  readonly initiatorEd25519: Uint8Array;
  readonly responderEd25519: Uint8Array;
  /** SHA-256 of all that the responder has sent up to and with AUTH_CHALLENGE. */
  readonly responderLog: Uint8Array;
  /** SHA-256 of all that the initiator has sent up to AUTHENTICATE. */
  readonly initiatorLog: Uint8Array;
  /** DER of the responder's. */
  readonly tlsCertificate: Uint8Array;
  readonly exportKeyingMaterial: (byteLength: number, label: string, context: Uint8Array) => Uint8Array;
}

/** The authentication of an initiator. tor-spec, "Link authentication type 3". */
export function makeAuthentication(
  facts: AuthenticationFacts,
  linkAuthSeed: Uint8Array,
  random: Uint8Array,
): Uint8Array {
  const signed = joinBytes(fixedPart(facts), random);
  return joinBytes(signed, ed25519Sign(linkAuthSeed, signed));
}

/** Whether an authentication is of this very link and signed by the initiator's link authentication key. */
export function checkAuthentication(
  authentication: Uint8Array,
  facts: AuthenticationFacts,
  linkAuthKey: Uint8Array,
): boolean {
  const signedBytes = FIXED_BYTES + AUTHENTICATION_RANDOM_BYTES;
  if (authentication.length !== signedBytes + SIGNATURE_BYTES) return false;
  if (!equalBytes(authentication.subarray(0, FIXED_BYTES), fixedPart(facts))) return false;
  return ed25519Verify(
    linkAuthKey,
    authentication.subarray(0, signedBytes),
    authentication.subarray(signedBytes),
  );
}

function fixedPart(facts: AuthenticationFacts): Uint8Array {
  const initiatorId = sha256(facts.initiatorRsaDer);
  return joinBytes(
    TYPE_BYTES,
    initiatorId,
    sha256(facts.responderRsaDer),
    facts.initiatorEd25519,
    facts.responderEd25519,
    facts.responderLog,
    facts.initiatorLog,
    sha256(facts.tlsCertificate),
    facts.exportKeyingMaterial(32, LABEL, initiatorId),
  );
}
