import { equalBytes } from './bytes.ts';
import {
  type DecodedEdCert,
  decodeEdCert,
  type EdCert,
  type EdCertDecodeFault,
  encodeEdCert,
} from './ed-cert.ts';
import { ed25519PublicKey, ed25519Sign, ed25519Verify } from './ed25519.ts';
import { bad, good, type Outcome } from './outcome.ts';

const HOUR_MS = 3_600_000;

/** What a certificate must be. */
export interface EdCertDemand {
  /** One of {@link ED_CERT_TYPE}. */
  readonly type: number;
  /** One of {@link CERTIFIED_KEY}. */
  readonly keyType: number;
  /** Who must have signed it; undefined: whoever the certificate names. */
  readonly signedBy: Uint8Array | undefined;
  /** Unix milliseconds. */
  readonly nowMs: number;
}

/** `no-signer`: neither the caller nor the certificate says who signed. `wrong-signer`: they disagree. */
export type EdCertFault =
  | EdCertDecodeFault
  | 'wrong-type'
  | 'wrong-key-type'
  | 'expired'
  | 'no-signer'
  | 'wrong-signer'
  | 'wrong-signature';

/** Makes a certificate signed with a seed; `nameSigner` puts the signer's public key inside. */
export function makeEdCert(
  cert: Omit<EdCert, 'signedWith'>,
  signer: { readonly seed: Uint8Array; readonly nameSigner: boolean },
): Uint8Array {
  const signedWith = signer.nameSigner ? ed25519PublicKey(signer.seed) : undefined;
  return encodeEdCert({ ...cert, signedWith }, (signedPart) => ed25519Sign(signer.seed, signedPart));
}

/** Reads a certificate and checks all of it. The value's {@link EdCert.signedWith} is always the signer. */
export function checkEdCert(
  bytes: Uint8Array,
  demand: EdCertDemand,
): Outcome<DecodedEdCert & { readonly signedWith: Uint8Array }, EdCertFault> {
  const decoded = decodeEdCert(bytes);
  if (!decoded.ok) return decoded;
  const cert = decoded.value;
  if (cert.type !== demand.type) return bad('wrong-type');
  if (cert.keyType !== demand.keyType) return bad('wrong-key-type');
  if (isExpired(cert.expirationHours, demand.nowMs)) return bad('expired');
  const signedWith = demand.signedBy ?? cert.signedWith;
  if (signedWith === undefined) return bad('no-signer');
  if (cert.signedWith !== undefined && !equalBytes(cert.signedWith, signedWith)) return bad('wrong-signer');
  if (!ed25519Verify(signedWith, cert.signedPart, cert.signature)) return bad('wrong-signature');
  return good({ ...cert, signedWith });
}

/** Whether `nowMs` (Unix milliseconds) is after the last valid moment. */
export function isExpired(expirationHours: number, nowMs: number): boolean {
  return nowMs > expirationHours * HOUR_MS;
}

/** The first full hour at or after `nowMs` + `lifetimeMs`, as certificates count time. */
export function expirationHoursAt(nowMs: number, lifetimeMs: number): number {
  return Math.ceil((nowMs + lifetimeMs) / HOUR_MS);
}
