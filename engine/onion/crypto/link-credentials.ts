import type { Random } from '../../runtime/port.ts';
import type { LinkCredentials } from '../link/types.ts';
import { sha256 } from './digest.ts';
import { CERTIFIED_KEY, ED_CERT_TYPE } from './ed-cert.ts';
import { expirationHoursAt, makeEdCert } from './ed-cert-check.ts';
import { makeEd25519KeyPair } from './ed25519.ts';
import { type LinkCertificates, makeLinkCertificates, type TlsKey } from './link-certificates.ts';
import { makeRsaEdCert } from './rsa-ed-cert.ts';
import { rsaPublicKeyOf } from './rsa-key.ts';

const DAY_MS = 86_400_000;
/** As C tor: link and authentication keys live two days, the word of the RSA identity half a year. */
const LINK_LIFETIME_MS = 2 * DAY_MS;
const CROSS_LIFETIME_MS = 180 * DAY_MS;

/** The long-term keys of a relay, as far as they are online. */
export interface RelaySigningKeys {
  /** RSA identity, 1024 bits, PKCS#1 DER. */
  readonly rsaPrivateKeyDer: Uint8Array;
  /** Ed25519 identity, public. */
  readonly identity: Uint8Array;
  /** Seed of the signing key. */
  readonly signingSeed: Uint8Array;
  /** Type 4: identity → signing key, with the identity as an extension. */
  readonly signingCert: Uint8Array;
}

/** What links need, all of one making: the certificates of the CERTS cell name the TLS certificate. */
export interface LinkOutfit {
  readonly tls: LinkCertificates['tls'];
  readonly credentials: Required<LinkCredentials>;
}

/**
 * Makes a relay's TLS certificate and all that its CERTS cells say, with fresh link keys. Valid for two days: make it
 * anew every day. `nowMs`: Unix milliseconds; `tlsKey`: as in {@link makeLinkCertificates}.
 */
export function makeLinkOutfit(
  options: RelaySigningKeys & { readonly nowMs: number; readonly tlsKey?: TlsKey },
  modules: { readonly random: Random },
): LinkOutfit {
  const { rsaPrivateKeyDer, identity, signingSeed, signingCert, nowMs } = options;
  const { tls, identityCertificate } = makeLinkCertificates(options, modules);
  const linkAuth = makeEd25519KeyPair(modules.random);
  const expirationHours = expirationHoursAt(nowMs, LINK_LIFETIME_MS);
  const signer = { seed: signingSeed, nameSigner: false };
  const tlsLinkCert = makeEdCert(
    {
      type: ED_CERT_TYPE.tlsLink,
      expirationHours,
      keyType: CERTIFIED_KEY.x509Sha256,
      certifiedKey: sha256(tls.certificateDer),
    },
    signer,
  );
  const linkAuthCert = makeEdCert(
    {
      type: ED_CERT_TYPE.linkAuth,
      expirationHours,
      keyType: CERTIFIED_KEY.ed25519,
      certifiedKey: linkAuth.publicKey,
    },
    signer,
  );
  const crossHours = expirationHoursAt(nowMs, CROSS_LIFETIME_MS);
  return {
    tls,
    credentials: {
      rsaIdentityDer: rsaPublicKeyOf(rsaPrivateKeyDer),
      ed25519Id: identity,
      rsaIdentityCert: identityCertificate,
      signingCert,
      tlsLinkCert,
      linkAuthCert,
      linkAuthSeed: linkAuth.seed,
      crossCert: makeRsaEdCert(rsaPrivateKeyDer, { identity, expirationHours: crossHours }),
    },
  };
}

/** Type 4: the identity says which signing key speaks for it. Needs the master key, which may be kept offline. */
export function makeSigningCert(
  identitySeed: Uint8Array,
  cert: { readonly signingKey: Uint8Array; readonly expirationHours: number },
): Uint8Array {
  return makeEdCert(
    {
      type: ED_CERT_TYPE.signing,
      expirationHours: cert.expirationHours,
      keyType: CERTIFIED_KEY.ed25519,
      certifiedKey: cert.signingKey,
    },
    { seed: identitySeed, nameSigner: true },
  );
}
