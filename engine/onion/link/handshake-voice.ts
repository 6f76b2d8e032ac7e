import { createHash } from 'node:crypto';
import { CELL, CELL_BODY_AT, CELL_BYTES } from '../cell/command.ts';
import {
  encodeAuthChallenge,
  encodeAuthenticate,
  encodeCerts,
  encodeNetinfo,
  variableCell,
  versionsCell,
} from '../cell/link-messages.ts';
import {
  AUTHENTICATION_RANDOM_BYTES,
  AUTHENTICATION_TYPE,
  type AuthenticationFacts,
  makeAuthentication,
} from './authenticate.ts';
import { certEntries, type ProvenRelay } from './certificates.ts';
import type { HandshakeOptions } from './handshake.ts';

/** Newest first would do as well; C tor lists them upwards. 3 is obsolete. */
export const LINK_VERSIONS = [4, 5] as const;
const CHALLENGE_BYTES = 32;

/** The cells that one side of a handshake says, and the running digests of what both have said. */
export class HandshakeVoice {
  readonly #options: HandshakeOptions;
  readonly #said = createHash('sha256');
  readonly #heard = createHash('sha256');

  constructor(options: HandshakeOptions) {
    this.#options = options;
  }

  /** A cell of the peer that is part of what AUTHENTICATE signs. */
  heard(whole: Uint8Array): void {
    this.#heard.update(whole);
  }

  versions(): Uint8Array {
    return this.#say(versionsCell(LINK_VERSIONS));
  }

  /** A responder's first words, all at once. */
  introduction(): readonly Uint8Array[] {
    const challenge = this.#options.random.slice(0, CHALLENGE_BYTES);
    const methods = [AUTHENTICATION_TYPE];
    return [
      this.versions(),
      this.#certs('responder'),
      this.#say(variableCell(CELL.authChallenge, encodeAuthChallenge({ challenge, methods }))),
      this.netinfo(),
    ];
  }

  /** An initiator proves who it is to `relay`. */
  proof(relay: ProvenRelay): readonly Uint8Array[] {
    const certs = this.#certs('initiator');
    const random = this.#options.random.slice(CHALLENGE_BYTES, CHALLENGE_BYTES + AUTHENTICATION_RANDOM_BYTES);
    const seed = this.#options.credentials?.linkAuthSeed;
    if (seed === undefined) throw new RangeError('no link authentication key');
    const authentication = makeAuthentication(this.facts(relay), seed, random);
    const body = encodeAuthenticate({ type: AUTHENTICATION_TYPE, authentication });
    return [certs, variableCell(CELL.authenticate, body)];
  }

  netinfo(): Uint8Array {
    const { ownHosts, remoteHost, nowMs } = this.#options;
    // Clients do not tell their clock nor where they are: both would tell them apart.
    const timeSec = ownHosts.length === 0 ? 0 : Math.floor(nowMs / 1000);
    const cell = new Uint8Array(CELL_BYTES);
    cell[4] = CELL.netinfo;
    cell.set(encodeNetinfo({ timeSec, otherHost: remoteHost, ownHosts }), CELL_BODY_AT);
    return cell;
  }

  /** What AUTHENTICATE signs, as it stands now; `relay` is the peer. */
  facts(relay: ProvenRelay): AuthenticationFacts {
    const { role, credentials, tls } = this.#options;
    const said = this.#said.copy().digest();
    const heard = this.#heard.copy().digest();
    const initiates = role === 'initiator';
    const own = credentials!;
    return {
      initiatorRsaDer: initiates ? own.rsaIdentityDer : relay.rsaIdentityDer,
      responderRsaDer: initiates ? relay.rsaIdentityDer : own.rsaIdentityDer,
      initiatorEd25519: initiates ? own.ed25519Id : relay.ed25519Id,
      responderEd25519: initiates ? relay.ed25519Id : own.ed25519Id,
      responderLog: initiates ? heard : said,
      initiatorLog: initiates ? said : heard,
      tlsCertificate: initiates ? tls.peerCertificate : tls.ownCertificate,
      exportKeyingMaterial: (byteLength, label, context) =>
        tls.exportKeyingMaterial(byteLength, label, context),
    };
  }

  #certs(role: 'responder' | 'initiator'): Uint8Array {
    return this.#say(variableCell(CELL.certs, encodeCerts(certEntries(this.#options.credentials!, role))));
  }

  #say(cell: Uint8Array): Uint8Array {
    this.#said.update(cell);
    return cell;
  }
}
