import type { ItemRules } from './items.ts';
import type { DocumentLimits } from './line-reader.ts';
import { ROUTER_SIGNATURE_RULES } from './router-signature.ts';

/** Bounds of a server descriptor; authorities take no more than 20,000 bytes. */
export const DESCRIPTOR_LIMITS: DocumentLimits = {
  bytesMax: 20_000,
  lineBytesMax: 20_000,
  objectBytesMax: 4096,
  linesMax: 2000,
};

/** Bounds of an extra-info document; authorities take no more than 50,000 bytes. */
export const EXTRA_INFO_LIMITS: DocumentLimits = {
  bytesMax: 50_000,
  lineBytesMax: 50_000,
  objectBytesMax: 4096,
  linesMax: 2000,
};

const KEY = 'RSA PUBLIC KEY';

/** The lines of a server descriptor that matter. dir-spec, server descriptor format. */
export const DESCRIPTOR_RULES: ItemRules = {
  router: { times: 'once', wordsMin: 5, place: 'first' },
  'master-key-ed25519': { times: 'once', wordsMin: 1 },
  platform: { times: 'at-most-once' },
  proto: { times: 'once' },
  published: { times: 'once', wordsMin: 2 },
  fingerprint: { times: 'at-most-once', wordsMin: 1 },
  uptime: { times: 'at-most-once', wordsMin: 1 },
  bandwidth: { times: 'once', wordsMin: 3 },
  'onion-key': { times: 'at-most-once', object: KEY },
  'signing-key': { times: 'once', object: KEY },
  'onion-key-crosscert': { times: 'at-most-once', object: 'CROSSCERT' },
  'ntor-onion-key': { times: 'once', wordsMin: 1 },
  'ntor-onion-key-crosscert': { times: 'once', wordsMin: 1, object: 'ED25519 CERT' },
  accept: { times: 'any', wordsMin: 1 },
  reject: { times: 'any', wordsMin: 1 },
  'ipv6-policy': { times: 'at-most-once', wordsMin: 2 },
  'or-address': { times: 'any', wordsMin: 1 },
  family: { times: 'at-most-once' },
  'family-cert': { times: 'any', object: 'FAMILY CERT' },
  contact: { times: 'at-most-once' },
  'hidden-service-dir': { times: 'at-most-once' },
  'caches-extra-info': { times: 'at-most-once' },
  'extra-info-digest': { times: 'at-most-once', wordsMin: 1 },
  'tunnelled-dir-server': { times: 'at-most-once' },
  'overload-general': { times: 'at-most-once', wordsMin: 3 },
  ...ROUTER_SIGNATURE_RULES,
};

/** The lines of an extra-info document that matter. dir-spec, extra-info document format. */
export const EXTRA_INFO_RULES: ItemRules = {
  'extra-info': { times: 'once', wordsMin: 2, place: 'first' },
  published: { times: 'once', wordsMin: 2 },
  ...ROUTER_SIGNATURE_RULES,
};
