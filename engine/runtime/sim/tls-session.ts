import { createHash, createHmac } from 'node:crypto';

const NONE = new Uint8Array(0);

/** What a virtual TLS connection knows of itself. Nothing is enciphered: nobody listens in this world. */
export interface SimTlsSession {
  readonly ownCertificate: Uint8Array;
  readonly peerCertificate: Uint8Array;
  /** The same at both ends, and of no other connection. */
  readonly secret: Uint8Array;
}

/** The two ends of a connection: the caller's and the called side's. */
export function simTlsSessions(
  seed: number,
  callerId: number,
  certificateDer: Uint8Array,
): readonly [SimTlsSession, SimTlsSession] {
  const secret = createHash('sha256').update(`tls ${seed} ${callerId}`).digest();
  return [
    { ownCertificate: NONE, peerCertificate: certificateDer, secret },
    { ownCertificate: certificateDer, peerCertificate: NONE, secret },
  ];
}

/** As RFC 5705 wants it: other bytes for each label, context and length. */
export function simExport(
  session: SimTlsSession,
  byteLength: number,
  label: string,
  context: Uint8Array,
): Uint8Array {
  const out = new Uint8Array(byteLength);
  for (let at = 0; at < byteLength; at += 32) {
    const block = createHmac('sha256', session.secret)
      .update(`${byteLength} ${at} ${label}\0`)
      .update(context);
    out.set(block.digest().subarray(0, byteLength - at), at);
  }
  return out;
}
