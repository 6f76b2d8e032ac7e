/** Bytes of KH, which binds a handshake to what is said about it later (ESTABLISH_INTRO). tor-spec: setting circuit keys. */
export const HANDSHAKE_BINDING_BYTES = 20;
/** Digest seeds of 20 and AES-128 keys of 16 bytes, one of each per direction. */
const TOR1_BYTES = 72;
/** Per direction: an AES key and a POLYVAL key for J, the same for S, and a nonce, 16 bytes each. */
const CGO_BYTES = 160;

/** How the cells of a circuit are ciphered: AES-CTR with a running SHA-1, or Counter Galois Onion. */
export type RelayCipher = 'tor1' | 'cgo';

/** Keys of the cipher that every relay knows. */
export interface Tor1Keys {
  /** 20 bytes: what the running digest of cells from the client begins with. */
  readonly forwardDigestSeed: Uint8Array;
  readonly backwardDigestSeed: Uint8Array;
  /** 16 bytes: AES-128 in counter mode from zero. */
  readonly forwardKey: Uint8Array;
  readonly backwardKey: Uint8Array;
  /** 20 bytes: KH. */
  readonly binding: Uint8Array;
}

/** Keys of Counter Galois Onion; 80 bytes per direction in the order J, S, nonce. */
export interface CgoKeys {
  readonly forward: Uint8Array;
  readonly backward: Uint8Array;
  /** 20 bytes: KH. */
  readonly binding: Uint8Array;
}

/** How many bytes a handshake has to yield for a cipher, KH at the end included. */
export function keyMaterialBytes(cipher: RelayCipher): number {
  return (cipher === 'cgo' ? CGO_BYTES : TOR1_BYTES) + HANDSHAKE_BINDING_BYTES;
}

/** Cuts the 92 bytes of ntor and ntor-v3 (KH last) into keys; views. Throws a RangeError for another length. */
export function splitTor1Keys(material: Uint8Array): Tor1Keys {
  if (material.length !== keyMaterialBytes('tor1')) throw new RangeError('tor1 needs 92 bytes of keys');
  return {
    forwardDigestSeed: material.subarray(0, 20),
    backwardDigestSeed: material.subarray(20, 40),
    forwardKey: material.subarray(40, 56),
    backwardKey: material.subarray(56, 72),
    binding: material.subarray(72, 92),
  };
}

/** Cuts the 180 bytes of ntor-v3 for CGO (KH last) into keys; views. Throws a RangeError for another length. */
export function splitCgoKeys(material: Uint8Array): CgoKeys {
  if (material.length !== keyMaterialBytes('cgo')) throw new RangeError('CGO needs 180 bytes of keys');
  return {
    forward: material.subarray(0, 80),
    backward: material.subarray(80, 160),
    binding: material.subarray(160, 180),
  };
}
