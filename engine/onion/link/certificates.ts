import type { CertEntry } from '../cell/messages.ts';
import { equalBytes } from '../crypto/bytes.ts';
import { sha256 } from '../crypto/digest.ts';
import { CERTIFIED_KEY, ED_CERT_TYPE } from '../crypto/ed-cert.ts';
import { checkEdCert } from '../crypto/ed-cert-check.ts';
import { checkRsaEdCert } from '../crypto/rsa-ed-cert.ts';
import { rsaFingerprint } from '../crypto/rsa-key.ts';
import { checkIdentityCertificate } from '../crypto/x509-identity.ts';
import type { LinkCredentials } from './types.ts';

/** Types of certificates in a CERTS cell. tor-spec, "CERTS cells". */
export const CERT_TYPE = { rsaIdentity: 2, signing: 4, tlsLink: 5, linkAuth: 6, cross: 7 } as const;

/** A relay that its certificates have proven. */
export interface ProvenRelay {
  /** PKCS#1 DER. */
  readonly rsaIdentityDer: Uint8Array;
  readonly rsaFingerprint: Uint8Array;
  readonly ed25519Id: Uint8Array;
  /** The key that signs AUTHENTICATE; of an initiator only. */
  readonly linkAuthKey: Uint8Array | undefined;
}

/** What a CERTS cell of ours says. */
export function certEntries(credentials: LinkCredentials, role: 'responder' | 'initiator'): CertEntry[] {
  const last =
    role === 'responder'
      ? { type: CERT_TYPE.tlsLink, bytes: credentials.tlsLinkCert }
      : { type: CERT_TYPE.linkAuth, bytes: credentials.linkAuthCert };
  if (last.bytes === undefined) throw new RangeError(`no certificate of type ${last.type} to show`);
  return [
    { type: CERT_TYPE.rsaIdentity, bytes: credentials.rsaIdentityCert },
    { type: CERT_TYPE.signing, bytes: credentials.signingCert },
    { type: last.type, bytes: last.bytes },
    { type: CERT_TYPE.cross, bytes: credentials.crossCert },
  ];
}

/**
 * Checks a CERTS cell: all four certificates are there, valid at `nowMs` and signed along the chain; that of a
 * responder is bound to its TLS certificate. Otherwise what is wrong, in words for a log.
 */
export function checkCerts(
  certs: readonly CertEntry[],
  demand: { readonly nowMs: number; readonly peerTlsCertificate: Uint8Array | undefined },
): ProvenRelay | string {
  const { nowMs, peerTlsCertificate } = demand;
  // Anybody can sign the digest of nothing.
  if (peerTlsCertificate?.length === 0) return 'no TLS certificate was shown';
  const of = (type: number): Uint8Array =>
    certs.find((cert) => cert.type === type)?.bytes ?? new Uint8Array(0);
  const rsa = checkIdentityCertificate(of(CERT_TYPE.rsaIdentity), nowMs);
  if (!rsa.ok) return `RSA identity: ${rsa.reason}`;
  const signing = checkEdCert(of(CERT_TYPE.signing), {
    type: ED_CERT_TYPE.signing,
    keyType: CERTIFIED_KEY.ed25519,
    signedBy: undefined,
    nowMs,
  });
  if (!signing.ok) return `signing key: ${signing.reason}`;
  const { signedWith: ed25519Id, certifiedKey: signingKey } = signing.value;
  const cross = checkRsaEdCert(of(CERT_TYPE.cross), {
    rsaPublicKeyDer: rsa.value,
    identity: ed25519Id,
    nowMs,
  });
  if (!cross.ok) return `cross-certificate: ${cross.reason}`;
  const isResponder = peerTlsCertificate !== undefined;
  const link = checkEdCert(of(isResponder ? CERT_TYPE.tlsLink : CERT_TYPE.linkAuth), {
    type: isResponder ? ED_CERT_TYPE.tlsLink : ED_CERT_TYPE.linkAuth,
    keyType: isResponder ? CERTIFIED_KEY.x509Sha256 : CERTIFIED_KEY.ed25519,
    signedBy: signingKey,
    nowMs,
  });
  if (!link.ok) return `link key: ${link.reason}`;
  const { certifiedKey } = link.value;
  if (isResponder && !equalBytes(certifiedKey, sha256(peerTlsCertificate))) return 'not this TLS certificate';
  return {
    rsaIdentityDer: rsa.value,
    rsaFingerprint: rsaFingerprint(rsa.value),
    ed25519Id,
    linkAuthKey: isResponder ? undefined : certifiedKey,
  };
}
