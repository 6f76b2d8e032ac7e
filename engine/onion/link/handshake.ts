import { CELL, type CellCommand } from '../cell/command.ts';
import {
  decodeAuthChallenge,
  decodeAuthenticate,
  decodeCerts,
  decodeNetinfo,
  decodeVersions,
} from '../cell/link-messages.ts';
import type { Netinfo } from '../cell/messages.ts';
import { isPadding } from '../cell/peek.ts';
import { equalBytes } from '../crypto/bytes.ts';
import { AUTHENTICATION_TYPE, checkAuthentication } from './authenticate.ts';
import { checkCerts, type ProvenRelay } from './certificates.ts';
import { HandshakeVoice } from './handshake-voice.ts';
import type { ExpectedPeer, LinkCredentials, LinkFault, LinkPeer } from './types.ts';

/** What a handshake needs to know of the TLS stream below. */
export interface LinkTls {
  readonly ownCertificate: Uint8Array;
  readonly peerCertificate: Uint8Array;
  exportKeyingMaterial(byteLength: number, label: string, context: Uint8Array): Uint8Array;
}

export interface HandshakeOptions {
  readonly role: 'initiator' | 'responder';
  /** Who we are: a responder must say so, an initiator that does is a relay and authenticates. */
  readonly credentials?: LinkCredentials;
  readonly expected?: ExpectedPeer;
  /** Addresses we are known by: none for a client. */
  readonly ownHosts: readonly string[];
  /** The peer's address as we see it. */
  readonly remoteHost: string;
  /** Unix milliseconds of now. */
  readonly nowMs: number;
  /** 32 bytes for a responder's challenge, 24 for an initiator's authentication: 56 in all. */
  readonly random: Uint8Array;
  readonly tls: LinkTls;
}

/** What comes of a cell. `send` is to be sent in any case, except after a failure. */
export type HandshakeStep =
  | { readonly kind: 'wait'; readonly send: readonly Uint8Array[] }
  | { readonly kind: 'open'; readonly send: readonly Uint8Array[]; readonly peer: LinkPeer }
  | { readonly kind: 'failed'; readonly fault: LinkFault; readonly why: string };

/**
 * The link handshake of both sides: cells in, cells out, no effects. tor-spec, "Negotiating and initializing
 * connections". The order is strict: what comes too early, too late or twice ends it.
 */
export class LinkHandshake {
  readonly #options: HandshakeOptions;
  readonly #voice: HandshakeVoice;
  #version: 4 | 5 | undefined;
  /** What the certificates prove; for an initiator only with {@link #authenticated}. */
  #relay: ProvenRelay | undefined;
  #challenged = false;
  #authenticated = false;
  #done = false;

  /** Throws a RangeError for a responder without credentials: the caller is wrong. */
  constructor(options: HandshakeOptions) {
    if (options.role === 'responder' && options.credentials === undefined) {
      throw new RangeError('a responder has credentials');
    }
    this.#options = options;
    this.#voice = new HandshakeVoice(options);
  }

  /** Whether circuit numbers still have 2 bytes. */
  get isNarrow(): boolean {
    return this.#version === undefined;
  }

  /** What to send first. */
  start(): readonly Uint8Array[] {
    return this.#options.role === 'initiator' ? [this.#voice.versions()] : [];
  }

  /** A cell arrived: its command, the whole of it, and its body. Both may be views. */
  onCell(command: CellCommand, whole: Uint8Array, body: Uint8Array): HandshakeStep {
    if (this.#done) return fail('handshake-cell-when-open', 'the handshake is over');
    const step = this.#step(command, whole, body);
    if (step.kind !== 'wait') this.#done = true;
    return step;
  }

  #step(command: CellCommand, whole: Uint8Array, body: Uint8Array): HandshakeStep {
    if (command === CELL.versions) return this.#onVersions(whole, body);
    if (this.#version === undefined) return fail('versions-first', `command ${command} before VERSIONS`);
    if (isPadding(command) || command === CELL.authorize) {
      this.#voice.heard(whole);
      return { kind: 'wait', send: [] };
    }
    switch (command) {
      case CELL.certs:
        return this.#onCerts(whole, body);
      case CELL.authChallenge:
        return this.#onChallenge(whole, body);
      case CELL.authenticate:
        return this.#onAuthenticate(body);
      case CELL.netinfo:
        return this.#onNetinfo(body);
      default:
        return fail('cell-before-open', `command ${command} during the handshake`);
    }
  }

  #onVersions(whole: Uint8Array, body: Uint8Array): HandshakeStep {
    if (this.#version !== undefined) return fail('versions-again', 'VERSIONS again');
    const versions = decodeVersions(body);
    if (!versions.ok) return fail('bad-cell', `VERSIONS: ${versions.fault}`);
    this.#version = versions.value.includes(5) ? 5 : versions.value.includes(4) ? 4 : undefined;
    if (this.#version === undefined)
      return fail('no-common-version', `they speak ${versions.value.slice(0, 9)}`);
    this.#voice.heard(whole);
    if (this.#options.role === 'initiator') return { kind: 'wait', send: [] };
    return { kind: 'wait', send: this.#voice.introduction() };
  }

  #onCerts(whole: Uint8Array, body: Uint8Array): HandshakeStep {
    if (this.#relay !== undefined) return fail('certs-again', 'CERTS again');
    if (this.#challenged || this.#authenticated) return fail('certs-late', 'CERTS too late');
    const certs = decodeCerts(body);
    if (!certs.ok) return fail('bad-cell', `CERTS: ${certs.fault}`);
    const { role, nowMs, tls } = this.#options;
    const peerTlsCertificate = role === 'initiator' ? tls.peerCertificate : undefined;
    const relay = checkCerts(certs.value, { nowMs, peerTlsCertificate });
    if (typeof relay === 'string') return fail('bad-certs', relay);
    if (!this.#isExpected(relay)) return fail('wrong-identity', 'the peer is somebody else');
    this.#relay = relay;
    this.#voice.heard(whole);
    return { kind: 'wait', send: [] };
  }

  #onChallenge(whole: Uint8Array, body: Uint8Array): HandshakeStep {
    const { role, credentials } = this.#options;
    if (role === 'responder' || this.#challenged || this.#relay === undefined) {
      return fail('challenge-out-of-order', 'AUTH_CHALLENGE out of order');
    }
    const challenge = decodeAuthChallenge(body);
    if (!challenge.ok) return fail('bad-cell', `AUTH_CHALLENGE: ${challenge.fault}`);
    this.#challenged = true;
    this.#voice.heard(whole);
    if (credentials === undefined || !challenge.value.methods.includes(AUTHENTICATION_TYPE)) {
      return { kind: 'wait', send: [] };
    }
    return { kind: 'wait', send: this.#voice.proof(this.#relay) };
  }

  #onAuthenticate(body: Uint8Array): HandshakeStep {
    const { role } = this.#options;
    if (role === 'initiator' || this.#authenticated || this.#relay === undefined) {
      return fail('authenticate-out-of-order', 'AUTHENTICATE out of order');
    }
    const message = decodeAuthenticate(body);
    if (!message.ok) return fail('bad-cell', `AUTHENTICATE: ${message.fault}`);
    const { type, authentication } = message.value;
    if (type !== AUTHENTICATION_TYPE) return fail('bad-authenticate', `type ${type}`);
    const facts = this.#voice.facts(this.#relay);
    if (!checkAuthentication(authentication, facts, this.#relay.linkAuthKey!)) {
      return fail('bad-authenticate', 'not of this link, or not signed');
    }
    this.#authenticated = true;
    return { kind: 'wait', send: [] };
  }

  #onNetinfo(body: Uint8Array): HandshakeStep {
    const { role } = this.#options;
    const halfDone = role === 'initiator' ? this.#relay === undefined : this.#relay !== undefined;
    if (halfDone && !this.#authenticated) return fail('netinfo-out-of-order', 'NETINFO out of order');
    const netinfo = decodeNetinfo(body);
    if (!netinfo.ok) return fail('bad-cell', `NETINFO: ${netinfo.fault}`);
    const send = role === 'initiator' ? [this.#voice.netinfo()] : [];
    return { kind: 'open', send, peer: this.#peer(netinfo.value) };
  }

  #peer(netinfo: Netinfo): LinkPeer {
    const { nowMs } = this.#options;
    return {
      linkVersion: this.#version!,
      rsaFingerprint: this.#relay?.rsaFingerprint,
      ed25519Id: this.#relay?.ed25519Id,
      ownHostSeen: netinfo.otherHost,
      hosts: netinfo.ownHosts,
      clockSkewSec: netinfo.timeSec === 0 ? undefined : netinfo.timeSec - Math.floor(nowMs / 1000),
    };
  }

  #isExpected(relay: ProvenRelay): boolean {
    const { rsaFingerprint, ed25519Id } = this.#options.expected ?? {};
    const isRsa = rsaFingerprint === undefined || equalBytes(rsaFingerprint, relay.rsaFingerprint);
    return isRsa && (ed25519Id === undefined || equalBytes(ed25519Id, relay.ed25519Id));
  }
}

function fail(fault: LinkFault, why: string): HandshakeStep {
  return { kind: 'failed', fault, why };
}
