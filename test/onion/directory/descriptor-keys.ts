import { generateKeyPairSync } from 'node:crypto';
import { CERTIFIED_KEY, ED_CERT_TYPE } from '../../../engine/onion/crypto/ed-cert.ts';
import { makeEdCert } from '../../../engine/onion/crypto/ed-cert-check.ts';
import { type Ed25519KeyPair, makeEd25519KeyPair } from '../../../engine/onion/crypto/ed25519.ts';
import { rsaFingerprint } from '../../../engine/onion/crypto/rsa-key.ts';
import { makeX25519KeyPair } from '../../../engine/onion/crypto/x25519.ts';
import {
  type DescriptorContent,
  type DescriptorKeys,
  OWN_PROTOCOLS,
} from '../../../engine/onion/directory/descriptor-build.ts';
import { REJECT_EVERYTHING } from '../../../engine/onion/directory/exit-policy.ts';
import { encodeHex } from '../../../engine/onion/directory/text.ts';
import { seededRandom } from '../../bittorrent/support/seeded-random.ts';
import { NOW_MS } from './support.ts';

const HOUR_MS = 3_600_000;
const random = seededRandom(3);

function rsaPair(): { readonly publicKey: Uint8Array; readonly privateKey: Uint8Array } {
  const pair = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const der = (key: typeof pair.publicKey): Uint8Array =>
    new Uint8Array(key.export({ type: 'pkcs1', format: 'der' }));
  return { publicKey: der(pair.publicKey), privateKey: der(pair.privateKey) };
}

/** A certificate of `signer` about `certifiedKey`, valid for `days` from the time of the fixtures on. */
export function certificateOf(
  signer: Ed25519KeyPair,
  type: number,
  certifiedKey: Uint8Array,
  days = 30,
): Uint8Array {
  const expirationHours = Math.floor(NOW_MS / HOUR_MS) + 24 * days;
  return makeEdCert(
    { type, expirationHours, keyType: CERTIFIED_KEY.ed25519, certifiedKey },
    { seed: signer.seed, nameSigner: true },
  );
}

/** Keys of one relay. */
export function makeRelayKeys(): DescriptorKeys & { readonly fingerprint: string } {
  const [identity, onion] = [rsaPair(), rsaPair()];
  const [master, signing] = [makeEd25519KeyPair(random), makeEd25519KeyPair(random)];
  const ntor = makeX25519KeyPair(random);
  return {
    rsaIdentityKey: identity.publicKey,
    rsaIdentityPrivateKey: identity.privateKey,
    tapOnionKey: onion.publicKey,
    tapOnionPrivateKey: onion.privateKey,
    ed25519Id: master.publicKey,
    signingCert: certificateOf(master, ED_CERT_TYPE.signing, signing.publicKey),
    signingSeed: signing.seed,
    ntorOnionKey: ntor.publicKey,
    ntorOnionPrivateKey: ntor.privateKey,
    fingerprint: encodeHex(rsaFingerprint(identity.publicKey)),
  };
}

export const familyKey = makeEd25519KeyPair(random);

/** What a plain relay says. */
export const PLAIN_CONTENT: DescriptorContent = {
  nickname: 'plain',
  host: '127.0.0.1',
  orPort: 9001,
  dirPort: 0,
  ipv6: undefined,
  platform: 'Allium 0.1.0 on Linux',
  protocols: OWN_PROTOCOLS,
  publishedMs: NOW_MS,
  uptimeSeconds: 7.5,
  bandwidth: { rateBytesPerSec: 3e6, burstBytesPerSec: 4e6, observedBytesPerSec: 1e6 },
  policy: REJECT_EVERYTHING,
  family: [],
  familyCerts: [],
  contact: '',
  isHibernating: false,
  isHiddenServiceDir: false,
  isTunnelledDirServer: true,
  cachesExtraInfo: false,
  extraInfoDigest: undefined,
  overloadGeneral: undefined,
};
