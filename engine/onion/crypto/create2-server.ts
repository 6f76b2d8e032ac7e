import { decodeHopWishes, type ExtensionFault, encodeHopGrant } from './circuit-extensions.ts';
import { keyMaterialBytes, type RelayCipher } from './circuit-keys.ts';
import { NTOR_HANDSHAKE, type NtorFault } from './ntor.ts';
import { answerNtor } from './ntor-server.ts';
import { NTOR_V3_HANDSHAKE, type NtorV3Fault } from './ntor-v3.ts';
import { answerNtorV3, openNtorV3 } from './ntor-v3-server.ts';
import { OnionKeyring } from './onion-keyring.ts';
import { bad, good, type Outcome } from './outcome.ts';

/** The keys a relay answers handshakes with; plain bytes, so that they can go to a worker. */
export interface HandshakeIdentity {
  /** RSA fingerprint, 20 bytes. */
  readonly fingerprint: Uint8Array;
  /** Ed25519 identity, 32 bytes. */
  readonly identity: Uint8Array;
  /** Private onion keys, 32 bytes each: the current one, then the previous one while it is in grace. */
  readonly onionKeys: readonly Uint8Array[];
}

/** What the relay is ready for; from its settings and the consensus. */
export interface HandshakePolicy {
  /** Cells between two SENDMEs, 1 … 255 (consensus parameter cc_sendme_inc); undefined: no congestion control. */
  readonly sendmeIncrement: number | undefined;
  readonly cgo: boolean;
}

/** HTYPE and HDATA of CREATE2, and 32 fresh random bytes for it. */
export interface HandshakeJob {
  readonly type: number;
  readonly onionSkin: Uint8Array;
  readonly ephemeralPrivateKey: Uint8Array;
}

/** What goes back, and what was agreed. Plain data. */
export interface HandshakeDone {
  /** HDATA of CREATED2. */
  readonly reply: Uint8Array;
  readonly cipher: RelayCipher;
  /** For {@link splitTor1Keys} or {@link splitCgoKeys}. */
  readonly keys: Uint8Array;
  /** Undefined: fixed windows. */
  readonly sendmeIncrement: number | undefined;
}

export type Create2Fault = NtorFault | NtorV3Fault | ExtensionFault | 'unknown-handshake' | 'cgo-refused';

/**
 * Answers CREATE2 of either handshake. No state beyond its keys, bytes in and out: the same object serves in the
 * event loop and in a worker ({@link answerAll}).
 */
export class Create2Server {
  readonly #relay: { fingerprint: Uint8Array; identity: Uint8Array; onionKeys: OnionKeyring };
  #policy: HandshakePolicy;

  /** Throws a RangeError for keys of a wrong length or number. */
  constructor(options: HandshakeIdentity & HandshakePolicy) {
    const { fingerprint, identity, onionKeys, sendmeIncrement, cgo } = options;
    if (fingerprint.length !== 20 || identity.length !== 32) throw new RangeError('no identity of a relay');
    this.#relay = {
      fingerprint: fingerprint.slice(),
      identity: identity.slice(),
      onionKeys: new OnionKeyring(onionKeys),
    };
    this.#policy = { sendmeIncrement, cgo };
  }

  /** After a new consensus or new settings. */
  setPolicy(policy: HandshakePolicy): void {
    this.#policy = policy;
  }

  /** After a rotation; private keys as in {@link HandshakeIdentity}. */
  setOnionKeys(onionKeys: readonly Uint8Array[]): void {
    this.#relay.onionKeys = new OnionKeyring(onionKeys);
  }

  answer(job: HandshakeJob): Outcome<HandshakeDone, Create2Fault> {
    if (job.type === NTOR_HANDSHAKE) return this.#answerNtor(job);
    return job.type === NTOR_V3_HANDSHAKE ? this.#answerNtorV3(job) : bad('unknown-handshake');
  }

  /** For a task of a worker: one trip for many. */
  answerAll(jobs: readonly HandshakeJob[]): readonly Outcome<HandshakeDone, Create2Fault>[] {
    return jobs.map((job) => this.answer(job));
  }

  #answerNtor({ onionSkin, ephemeralPrivateKey }: HandshakeJob): Outcome<HandshakeDone, Create2Fault> {
    const answer = answerNtor(this.#relay, onionSkin, ephemeralPrivateKey);
    if (!answer.ok) return answer;
    const { reply, keys } = answer.value;
    return good({ reply, cipher: 'tor1', keys, sendmeIncrement: undefined });
  }

  #answerNtorV3({ onionSkin, ephemeralPrivateKey }: HandshakeJob): Outcome<HandshakeDone, Create2Fault> {
    const request = openNtorV3(this.#relay, onionSkin);
    if (!request.ok) return request;
    const wishes = decodeHopWishes(request.value.message);
    if (!wishes.ok) return wishes;
    const sendmeIncrement = wishes.value.congestionControl ? this.#policy.sendmeIncrement : undefined;
    if (wishes.value.cgo && (!this.#policy.cgo || sendmeIncrement === undefined)) return bad('cgo-refused');
    const cipher = wishes.value.cgo ? 'cgo' : 'tor1';
    const message = encodeHopGrant({ sendmeIncrement });
    const answer = answerNtorV3(request.value, ephemeralPrivateKey, message, keyMaterialBytes(cipher));
    if (!answer.ok) return answer;
    return good({ reply: answer.value.reply, cipher, keys: answer.value.keys, sendmeIncrement });
  }
}
