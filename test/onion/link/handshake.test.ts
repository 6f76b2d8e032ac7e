// Aim: the link handshake of both sides ends open exactly when everything comes in order and is true, says who the
// peer is, and names the rule that is broken otherwise. With certificates of C tor as a vector.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CELL } from '../../../engine/onion/cell/command.ts';
import {
  encodeAuthChallenge,
  encodeNetinfo,
  variableCell,
  versionsCell,
} from '../../../engine/onion/cell/link-messages.ts';
import { emptyHead, peekCell } from '../../../engine/onion/cell/peek.ts';
import { sha256 } from '../../../engine/onion/crypto/digest.ts';
import { CERTIFIED_KEY, ED_CERT_TYPE } from '../../../engine/onion/crypto/ed-cert.ts';
import { makeEdCert } from '../../../engine/onion/crypto/ed-cert-check.ts';
import { certEntries, checkCerts } from '../../../engine/onion/link/certificates.ts';
import {
  type HandshakeOptions,
  type HandshakeStep,
  LinkHandshake,
} from '../../../engine/onion/link/handshake.ts';
import type { ExpectedPeer } from '../../../engine/onion/link/types.ts';
import { seededRandom } from '../../bittorrent/support/seeded-random.ts';
import { RECORDED_RELAY } from '../crypto/recorded-relay.ts';
import { flipBit, toHex } from '../crypto/support.ts';
import { cell, makeRelay, type TestRelay, tlsEnds, variable } from './support.ts';

const test = suite('link handshake');
const NOW_MS = Date.UTC(2026, 10, 22, 12);
const random = seededRandom(7);
const alice = makeRelay(NOW_MS, random);
const bob = makeRelay(NOW_MS, random);

interface Scene {
  readonly initiator?: Partial<HandshakeOptions>;
  readonly responder?: Partial<HandshakeOptions>;
  /** Changes, drops (`[]`) or adds to a cell on its way; `from` says who sent it. */
  readonly meddle?: (
    bytes: Uint8Array,
    command: number,
    from: 'initiator' | 'responder',
  ) => readonly Uint8Array[];
}

function makeEnds(scene: Scene, server: TestRelay = bob) {
  const { caller, callee } = tlsEnds(server);
  const common = { nowMs: NOW_MS, random: random.bytes(56) };
  const initiator = new LinkHandshake({
    role: 'initiator',
    ownHosts: [],
    remoteHost: '10.0.0.2',
    tls: caller,
    ...common,
    ...scene.initiator,
  });
  const responder = new LinkHandshake({
    role: 'responder',
    credentials: server.credentials,
    ownHosts: ['10.0.0.2', 'fe80::2'],
    remoteHost: '10.0.0.1',
    tls: callee,
    ...common,
    ...scene.responder,
  });
  return { initiator, responder };
}

/** Carries cells back and forth until nobody has anything to say; the last step of each. */
function run(scene: Scene = {}): { initiator: HandshakeStep; responder: HandshakeStep; passed: string[] } {
  const ends = makeEnds(scene);
  const last: { initiator: HandshakeStep; responder: HandshakeStep } = {
    initiator: { kind: 'wait', send: [] },
    responder: { kind: 'wait', send: [] },
  };
  const passed: string[] = [];
  const queue = ends.initiator
    .start()
    .map((bytes) => ({ bytes, from: 'initiator' as 'initiator' | 'responder' }));
  for (const { bytes, from } of queue) {
    const to = from === 'initiator' ? 'responder' : 'initiator';
    const head = emptyHead();
    const isVersions = bytes.length < 20 && bytes[2] === CELL.versions;
    peekCell(bytes, 0, bytes.length, isVersions, head);
    for (const one of scene.meddle?.(bytes, head.command, from) ?? [bytes]) {
      const end = ends[to];
      if (last[to].kind !== 'wait') continue;
      peekCell(one, 0, one.length, end.isNarrow, head);
      passed.push(`${from[0]}${head.command}`);
      const step = end.onCell(head.command, one, one.subarray(head.bodyAt, head.byteLength));
      last[to] = step;
      if (step.kind !== 'failed')
        queue.push(...step.send.map((next) => ({ bytes: next, from: to }) as const));
    }
  }
  return { ...last, passed };
}

function faultOf(step: HandshakeStep): string {
  return step.kind === 'failed' ? step.fault : step.kind;
}

test('a client opens a link, and only it knows who the other is', () => {
  const { initiator, responder, passed } = run();
  assert.equal(passed, ['i7', 'r7', 'r129', 'r130', 'r8', 'i8']);
  assert.ok(initiator.kind === 'open' && responder.kind === 'open');
  assert.is(initiator.peer.linkVersion, 5);
  assert.is(toHex(initiator.peer.ed25519Id!), toHex(bob.ed25519Id));
  assert.is(toHex(initiator.peer.rsaFingerprint!), toHex(bob.rsaFingerprint));
  assert.is(initiator.peer.ownHostSeen, '10.0.0.1');
  assert.equal(initiator.peer.hosts, ['10.0.0.2', 'fe80::2']);
  assert.is(initiator.peer.clockSkewSec, 0);
  assert.is(responder.peer.ed25519Id, undefined);
  assert.is(responder.peer.rsaFingerprint, undefined);
  assert.is(responder.peer.clockSkewSec, undefined, 'a client does not tell its clock');
  assert.equal(responder.peer.hosts, []);
});

test('a relay authenticates, and both know each other', () => {
  const relay = { credentials: alice.credentials, ownHosts: ['10.0.0.1'], nowMs: NOW_MS + 7_200_000 };
  const { initiator, responder, passed } = run({ initiator: relay });
  assert.equal(passed, ['i7', 'r7', 'r129', 'r130', 'r8', 'i129', 'i131', 'i8']);
  assert.ok(initiator.kind === 'open' && responder.kind === 'open');
  assert.is(toHex(responder.peer.ed25519Id!), toHex(alice.ed25519Id));
  assert.is(toHex(responder.peer.rsaFingerprint!), toHex(alice.rsaFingerprint));
  assert.is(responder.peer.clockSkewSec, 7200);
  assert.is(initiator.peer.clockSkewSec, -7200);
});

test('the highest version both speak is taken, and without any it fails', () => {
  const speak = (versions: number[]) =>
    run({ meddle: (bytes, command) => [command === CELL.versions ? versionsCell(versions) : bytes] });
  for (const [versions, expected] of [
    [[4], 4],
    [[3, 4], 4],
    [[5, 4, 9], 5],
    [[4, 5, 6], 5],
  ] as const) {
    const { initiator } = speak([...versions]);
    assert.ok(initiator.kind === 'open');
    assert.is(initiator.peer.linkVersion, expected);
  }
  assert.is(faultOf(speak([3]).responder), 'no-common-version');
  assert.is(faultOf(speak([]).responder), 'no-common-version');
});

test('the peer must be whom we expect', () => {
  const dial = (expected: ExpectedPeer) => faultOf(run({ initiator: { expected } }).initiator);
  const { rsaFingerprint, ed25519Id } = bob;
  assert.is(dial({ rsaFingerprint, ed25519Id }), 'open');
  assert.is(dial({ rsaFingerprint }), 'open');
  assert.is(dial({ ed25519Id }), 'open');
  assert.is(dial({ rsaFingerprint, ed25519Id: alice.ed25519Id }), 'wrong-identity');
  assert.is(dial({ rsaFingerprint: alice.rsaFingerprint, ed25519Id }), 'wrong-identity');
  assert.is(dial({ rsaFingerprint: new Uint8Array(20) }), 'wrong-identity');
});

/** Replaces cells of one command from one side. */
function replaced(
  from: 'initiator' | 'responder',
  command: number,
  by: (bytes: Uint8Array) => readonly Uint8Array[],
) {
  const relay = { credentials: alice.credentials, ownHosts: ['10.0.0.1'] };
  const { initiator, responder } = run({
    initiator: relay,
    meddle: (bytes, its, who) => (who === from && its === command ? by(bytes) : [bytes]),
  });
  return faultOf(from === 'initiator' ? responder : initiator);
}

test('each cell out of its order is a fault with a name', () => {
  const netinfo = cell(0, CELL.netinfo, 0);
  netinfo.set(encodeNetinfo({ timeSec: 1, otherHost: '10.0.0.9', ownHosts: [] }), 5);
  const challenge = variableCell(
    CELL.authChallenge,
    encodeAuthChallenge({ challenge: new Uint8Array(32), methods: [3] }),
  );
  const versions = versionsCell([4, 5]);
  const padding = cell(0, CELL.padding, 0);
  const relay = cell(5, CELL.relay, 0);
  const create = cell(0x80000001, CELL.create2, 0);
  const cases: readonly [
    string,
    'initiator' | 'responder',
    number,
    (bytes: Uint8Array) => readonly Uint8Array[],
  ][] = [
    ['versions-first', 'initiator', CELL.versions, () => [padding]],
    ['versions-first', 'responder', CELL.versions, (own) => [variable(CELL.certs, 3), own]],
    ['netinfo-out-of-order', 'responder', CELL.certs, () => [netinfo]],
    ['netinfo-out-of-order', 'initiator', CELL.authenticate, () => [netinfo]],
    ['challenge-out-of-order', 'responder', CELL.certs, (own) => [challenge, own]],
    ['challenge-out-of-order', 'responder', CELL.authChallenge, (own) => [own, own]],
    ['challenge-out-of-order', 'initiator', CELL.certs, () => [challenge]],
    ['authenticate-out-of-order', 'responder', CELL.authChallenge, () => [variable(CELL.authenticate, 4)]],
    ['authenticate-out-of-order', 'initiator', CELL.authenticate, (own) => [own, own]],
    ['authenticate-out-of-order', 'initiator', CELL.certs, () => [variable(CELL.authenticate, 4)]],
    ['certs-again', 'responder', CELL.certs, (own) => [own, own]],
    ['certs-again', 'initiator', CELL.authenticate, (own) => [own, variable(CELL.certs, 1)]],
    ['cell-before-open', 'initiator', CELL.netinfo, () => [relay]],
    ['cell-before-open', 'initiator', CELL.certs, () => [create]],
    ['cell-before-open', 'responder', CELL.netinfo, () => [cell(7, CELL.destroy, 0)]],
    ['bad-cell', 'responder', CELL.certs, () => [variable(CELL.certs, 30, 2)]],
    ['bad-cell', 'responder', CELL.authChallenge, () => [variable(CELL.authChallenge, 20)]],
    ['bad-cell', 'initiator', CELL.authenticate, () => [variable(CELL.authenticate, 3)]],
    ['bad-cell', 'initiator', CELL.netinfo, () => [cell(0, CELL.netinfo, 6)]],
    ['bad-authenticate', 'initiator', CELL.authenticate, () => [variable(CELL.authenticate, 4)]],
    ['open', 'responder', CELL.authChallenge, (own) => [padding, own, variable(CELL.vpadding, 9)]],
  ];
  for (const [expected, from, command, by] of cases) {
    assert.is(replaced(from, command, by), expected, `${expected}: ${from} ${command}`);
  }
  assert.is(faultOf(makeEnds({}).responder.onCell(CELL.versions, versions, versions.subarray(5))), 'wait');
});

test('an AUTHENTICATE of another link, of somebody else, or damaged in any part is refused', () => {
  for (let bit = 7 * 8; bit < (7 + 4 + 352) * 8; bit += 37) {
    const fault = replaced('initiator', CELL.authenticate, (own) => [flipBit(own, bit)]);
    assert.ok(['bad-authenticate', 'bad-cell'].includes(fault), `bit ${bit}: ${fault}`);
  }
  const other = { ...tlsEnds(bob).callee, exportKeyingMaterial: () => new Uint8Array(32) };
  const initiator = { credentials: alice.credentials, ownHosts: ['10.0.0.1'] };
  assert.is(faultOf(run({ initiator, responder: { tls: other } }).responder), 'bad-authenticate');
});

test('certificates that are missing, damaged, late or of another link are refused', () => {
  const certs = (bytes: Uint8Array) => replaced('responder', CELL.certs, () => [bytes]);
  for (let bit = (7 + 1) * 8; bit < 800 * 8; bit += 331) {
    const fault = replaced('responder', CELL.certs, (own) => [flipBit(own, bit)]);
    assert.is.not(fault, 'open', `bit ${bit}`);
  }
  assert.is(certs(variableCell(CELL.certs, Uint8Array.of(0))), 'bad-certs');
  assert.is(faultOf(run({ initiator: { tls: tlsEnds(alice).caller } }).initiator), 'bad-certs');
  assert.is(faultOf(run({ initiator: { nowMs: NOW_MS + 5 * 86_400_000 } }).initiator), 'bad-certs');
});

test('the certificates of a relay of C tor are good, for its TLS certificate and their time only', () => {
  const certs = [
    { type: 2, bytes: RECORDED_RELAY.identityCertificate },
    { type: 4, bytes: RECORDED_RELAY.signingCert },
    { type: 5, bytes: RECORDED_RELAY.tlsLinkCert },
    { type: 7, bytes: RECORDED_RELAY.rsaEdCert },
  ];
  const nowMs = Date.UTC(2026, 10, 22, 20);
  const proven = checkCerts(certs, { nowMs, peerTlsCertificate: RECORDED_RELAY.tlsCertificate });
  assert.ok(typeof proven === 'object', String(proven));
  assert.is(toHex(proven.ed25519Id), toHex(RECORDED_RELAY.identity));
  assert.is(toHex(proven.rsaFingerprint), toHex(RECORDED_RELAY.fingerprint));
  const other = { nowMs, peerTlsCertificate: bob.tls.certificateDer };
  assert.is(checkCerts(certs, other), 'not this TLS certificate');
  const late = { nowMs: nowMs + 30 * 86_400_000, peerTlsCertificate: RECORDED_RELAY.tlsCertificate };
  assert.ok(String(checkCerts(certs, late)).includes('expired'));
  for (const { type } of certs) {
    const fewer = certs.filter((one) => one.type !== type);
    const demand = { nowMs, peerTlsCertificate: RECORDED_RELAY.tlsCertificate };
    assert.is(typeof checkCerts(fewer, demand), 'string', `without type ${type}`);
  }
});

test('a relay that shows no TLS certificate proves nothing by signing the digest of none', () => {
  const none = new Uint8Array(0);
  const tlsLinkCert = makeEdCert(
    {
      type: ED_CERT_TYPE.tlsLink,
      expirationHours: Math.ceil(NOW_MS / 3_600_000) + 1,
      keyType: CERTIFIED_KEY.x509Sha256,
      certifiedKey: sha256(none),
    },
    { seed: bob.signingSeed, nameSigner: false },
  );
  const certs = certEntries({ ...bob.credentials, tlsLinkCert }, 'responder');
  const demand = { nowMs: NOW_MS, peerTlsCertificate: none };
  assert.is(checkCerts(certs, demand), 'no TLS certificate was shown');
});

test('a responder without credentials is a fault of the program', () => {
  const { callee } = tlsEnds(bob);
  const options = {
    ownHosts: [],
    remoteHost: '10.0.0.1',
    nowMs: NOW_MS,
    random: random.bytes(56),
    tls: callee,
  };
  assert.throws(() => new LinkHandshake({ role: 'responder', ...options }), RangeError);
});

test.run();
