// Aim: messages are the bytes that the specification says, in both directions; short, long and strange ones are
// told by name; an END or DESTROY without a reason is read without looking past its end.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  decodeCreate2,
  decodeCreated2,
  decodeCreatedFast,
  decodeCreateFast,
  decodeDestroyReason,
  encodeCreate2,
  encodeCreated2,
} from '../../../engine/onion/cell/circuit-messages.ts';
import {
  decodeExtend2,
  encodeExtend2,
  extendTarget,
  linkSpecifiers,
} from '../../../engine/onion/cell/extend.ts';
import {
  decodeCircuitPadding,
  decodeSendme,
  decodeXoff,
  decodeXon,
  encodeCircuitPadding,
  encodeCircuitPaddingAnswer,
  encodeSendme,
  encodeXoff,
  encodeXon,
} from '../../../engine/onion/cell/flow-messages.ts';
import {
  decodeAuthChallenge,
  decodeCerts,
  decodeLinkPadding,
  decodeNetinfo,
  decodeVersions,
  encodeLinkPadding,
  encodeNetinfo,
  versionsCell,
} from '../../../engine/onion/cell/link-messages.ts';
import { END_REASON } from '../../../engine/onion/cell/reason.ts';
import {
  decodeResolve,
  decodeResolved,
  encodeResolve,
  encodeResolved,
} from '../../../engine/onion/cell/resolve-messages.ts';
import {
  decodeBegin,
  decodeConnected,
  decodeEnd,
  encodeBegin,
  encodeConnected,
  encodeEnd,
} from '../../../engine/onion/cell/stream-messages.ts';
import { fromHex, toHex } from '../crypto/support.ts';

const test = suite('cell messages');
const text = (words: string): Uint8Array => new TextEncoder().encode(words);

test('VERSIONS has a 2-byte circuit number', () => {
  assert.is(toHex(versionsCell([3, 4, 5])), '0000070006000300040005');
  assert.equal(decodeVersions(fromHex('000300040005')), { ok: true, value: [3, 4, 5] });
  assert.equal(decodeVersions(fromHex('00')), { ok: false, fault: 'bad-length' });
  assert.equal(decodeVersions(new Uint8Array(200)), { ok: false, fault: 'too-long' });
});

test('NETINFO', () => {
  const message = { timeSec: 0x01020304, otherHost: '127.0.0.1', ownHosts: ['10.1.2.3', '2001:db8::1'] };
  const bytes = fromHex('01020304 04047f000001 02 04040a010203 061020010db8000000000000000000000001');
  assert.is(toHex(encodeNetinfo(message)), toHex(bytes));
  assert.equal(decodeNetinfo(bytes), { ok: true, value: message });
  // An address of an unknown type is passed over, one of a wrong length is not.
  const strange = fromHex('00000000 0003616263 01 2a0101');
  assert.equal(decodeNetinfo(strange), {
    ok: true,
    value: { timeSec: 0, otherHost: undefined, ownHosts: [] },
  });
  assert.equal(decodeNetinfo(fromHex('00000000 04037f0000 00')), { ok: false, fault: 'bad-address' });
  assert.equal(decodeNetinfo(fromHex('00000000 04047f000001 02 04040a010203')), {
    ok: false,
    fault: 'short',
  });
});

test('CERTS and AUTH_CHALLENGE', () => {
  const certs = decodeCerts(fromHex('02 04 0002 aabb 05 0001 cc'));
  assert.ok(certs.ok);
  assert.equal(
    certs.value.map((cert) => `${cert.type}:${toHex(cert.bytes)}`),
    ['4:aabb', '5:cc'],
  );
  assert.equal(decodeCerts(fromHex('02 04 0001 aa 04 0001 cc')), { ok: false, fault: 'bad-order' });
  assert.equal(decodeCerts(fromHex('02 04 0001 aa')), { ok: false, fault: 'short' });
  assert.equal(decodeCerts(fromHex('01 04 ffff aa')), { ok: false, fault: 'short' });
  assert.equal(decodeCerts(new Uint8Array(0)), { ok: false, fault: 'short' });
  assert.equal(decodeCerts(Uint8Array.of(17)), { ok: false, fault: 'too-long' });
  const challenge = decodeAuthChallenge(fromHex(`${'ab'.repeat(32)} 0002 0001 0003`));
  assert.ok(challenge.ok);
  assert.equal(challenge.value.methods, [1, 3]);
  assert.equal(decodeAuthChallenge(fromHex(`${'ab'.repeat(32)} ffff`)), { ok: false, fault: 'too-long' });
});

test('the padding of links and of circuits', () => {
  assert.is(toHex(encodeLinkPadding({ command: 'start', lowMs: 1500, highMs: 9500 })), '000205dc251c');
  assert.equal(decodeLinkPadding(fromHex('0001 0000 0000 ff')), {
    ok: true,
    value: { command: 'stop', lowMs: 0, highMs: 0 },
  });
  assert.equal(decodeLinkPadding(fromHex('0102 0000 0000')), { ok: false, fault: 'bad-version' });
  assert.equal(decodeLinkPadding(fromHex('0003 0000 0000')), { ok: false, fault: 'bad-value' });
  assert.equal(decodeLinkPadding(fromHex('0002 0002 0001')), { ok: false, fault: 'bad-value' });
  const padding = { command: 'start', machine: 1, counter: 7 } as const;
  assert.is(toHex(encodeCircuitPadding(padding)), '0002010000000007');
  assert.equal(decodeCircuitPadding(fromHex('0002010000000007')), { ok: true, value: padding });
  assert.is(toHex(encodeCircuitPaddingAnswer({ ...padding, response: 'error' })), '0002020100000007');
  assert.equal(decodeCircuitPadding(fromHex('000201')), { ok: false, fault: 'short' });
});

test('CREATE2, CREATED2 and the fast ones', () => {
  assert.is(toHex(encodeCreate2({ type: 2, data: fromHex('a1a2a3') })), '00020003a1a2a3');
  const create = decodeCreate2(fromHex('0003 0002 b1b2 0000'));
  assert.ok(create.ok);
  assert.is(create.value.type, 3);
  assert.is(toHex(create.value.data), 'b1b2');
  assert.equal(decodeCreate2(fromHex('0003 0003 b1b2')), { ok: false, fault: 'bad-length' });
  assert.is(toHex(encodeCreated2(fromHex('c1'))), '0001c1');
  assert.equal(decodeCreated2(fromHex('ffff')), { ok: false, fault: 'bad-length' });
  assert.equal(decodeCreated2(fromHex('0002 01')), { ok: false, fault: 'bad-length' });
  assert.equal(decodeCreateFast(new Uint8Array(19)), { ok: false, fault: 'short' });
  assert.equal(decodeCreatedFast(new Uint8Array(39)), { ok: false, fault: 'short' });
  const fast = decodeCreatedFast(Uint8Array.from({ length: 509 }, (_, i) => i));
  assert.ok(fast.ok);
  assert.is(fast.value.derivative[0], 20);
});

test('reasons that are not there, or unknown', () => {
  assert.is(decodeDestroyReason(new Uint8Array(0)), 0);
  assert.is(decodeDestroyReason(Uint8Array.of(11)), 11);
  assert.is(decodeEnd(new Uint8Array(0)).reason, END_REASON.misc);
  for (const byte of [0, 15, 255]) assert.is(decodeEnd(Uint8Array.of(byte)).reason, END_REASON.misc);
  for (let byte = 1; byte <= 14; byte++) assert.is(decodeEnd(Uint8Array.of(byte)).reason, byte);
});

test('END with an exit policy says which address, if it does', () => {
  const end = { reason: END_REASON.exitPolicy, host: '1.2.3.4', ttlSec: 60 };
  assert.is(toHex(encodeEnd(end)), '04010203040000003c');
  assert.equal(decodeEnd(encodeEnd(end)), end);
  const v6 = { reason: END_REASON.exitPolicy, host: '2001:db8::1', ttlSec: 5 };
  assert.equal(decodeEnd(encodeEnd(v6)), v6);
  assert.equal(decodeEnd(fromHex('0401020304')), { ...end, ttlSec: 0 });
  assert.equal(decodeEnd(fromHex('04010203')), { ...end, host: undefined, ttlSec: 0 });
  assert.is(toHex(encodeEnd({ ...end, reason: END_REASON.done })), '06');
});

test('BEGIN', () => {
  const plain = { host: 'example.com', port: 80, ipv6Ok: false, ipv4NotOk: false, ipv6Preferred: false };
  assert.is(toHex(encodeBegin(plain)), toHex(text('example.com:80\0')));
  assert.equal(decodeBegin(text('example.com:80\0')), { ok: true, value: plain });
  assert.equal(decodeBegin(text('example.com:80\0\0\0\0\x05')), {
    ok: true,
    value: { ...plain, ipv6Ok: true, ipv6Preferred: true },
  });
  const v6 = { ...plain, host: '2001:db8::1', port: 443, ipv4NotOk: true };
  assert.is(toHex(encodeBegin(v6)), toHex(text('[2001:db8::1]:443\0\0\0\0\x02')));
  assert.equal(decodeBegin(encodeBegin(v6)), { ok: true, value: v6 });
  const faults: Record<string, string> = {
    'example.com:80': 'short',
    'example.com\0': 'bad-address',
    ':80\0': 'bad-address',
    'example.com:0\0': 'bad-value',
    'example.com:65536\0': 'bad-value',
    'example.com:8o\0': 'bad-value',
    'exam ple.com:80\0': 'bad-address',
    '[example.com]:80\0': 'bad-address',
    '[::1:80\0': 'bad-address',
    [`${'a'.repeat(300)}:80\0`]: 'bad-address',
  };
  for (const [words, fault] of Object.entries(faults)) {
    assert.equal(decodeBegin(text(words)), { ok: false, fault }, words);
  }
});

test('CONNECTED with IPv4, IPv6 and without', () => {
  assert.is(toHex(encodeConnected({ host: '1.2.3.4', ttlSec: 60 })), '010203040000003c');
  const v6 = { host: '2001:db8::1', ttlSec: 60 };
  assert.is(
    toHex(encodeConnected(v6)),
    '00000000 06 20010db8000000000000000000000001 0000003c'.replaceAll(' ', ''),
  );
  assert.equal(decodeConnected(encodeConnected(v6)), { ok: true, value: v6 });
  assert.equal(decodeConnected(new Uint8Array(0)), { ok: true, value: { host: undefined, ttlSec: 0 } });
  assert.equal(decodeConnected(fromHex('01020304')), { ok: true, value: { host: '1.2.3.4', ttlSec: 0 } });
  assert.equal(decodeConnected(fromHex('010203')), { ok: false, fault: 'short' });
  assert.equal(decodeConnected(fromHex('00000000 06 2001')), { ok: false, fault: 'short' });
  assert.equal(decodeConnected(fromHex('00000000 04 01020304')), { ok: false, fault: 'bad-address' });
});

test('RESOLVE and RESOLVED', () => {
  assert.is(toHex(encodeResolve('a.b')), '612e6200');
  assert.equal(decodeResolve(text('example.com\0')), { ok: true, value: 'example.com' });
  assert.equal(decodeResolve(text('example.com')), { ok: false, fault: 'short' });
  assert.equal(decodeResolve(text('\0')), { ok: false, fault: 'bad-address' });
  const answers = [
    { kind: 'ipv4', value: '1.2.3.4', ttlSec: 60 },
    { kind: 'ipv6', value: '2001:db8::1', ttlSec: 61 },
    { kind: 'name', value: 'a.b', ttlSec: 62 },
    { kind: 'error-transient', value: '', ttlSec: 0 },
    { kind: 'error', value: '', ttlSec: 1 },
  ] as const;
  const bytes = encodeResolved(answers);
  assert.is(toHex(bytes).slice(0, 20), '0404010203040000003c');
  assert.equal(decodeResolved(bytes), { ok: true, value: answers });
  assert.equal(decodeResolved(fromHex('0403 010203 00000000')), { ok: false, fault: 'bad-address' });
  assert.equal(decodeResolved(fromHex('0404 01020304 0000')), { ok: false, fault: 'short' });
  assert.equal(decodeResolved(fromHex('7701 01 00000000')), { ok: true, value: [] });
});

test('SENDME, XON and XOFF', () => {
  const digest = fromHex('ab'.repeat(20));
  assert.is(toHex(encodeSendme({ version: 1, digest })), `010014${'ab'.repeat(20)}`);
  const v1 = decodeSendme(fromHex(`010014${'ab'.repeat(20)}`));
  assert.ok(v1.ok && v1.value.version === 1);
  assert.is(toHex(v1.value.digest), 'ab'.repeat(20));
  const cgo = decodeSendme(fromHex(`010010${'cd'.repeat(16)}`));
  assert.ok(cgo.ok && cgo.value.digest.length === 16);
  const v0 = decodeSendme(new Uint8Array(0));
  assert.ok(v0.ok && v0.value.version === 0);
  assert.equal(decodeSendme(fromHex('010014abab')), { ok: false, fault: 'short' });
  assert.equal(decodeSendme(fromHex('010002abab')), { ok: false, fault: 'bad-length' });
  assert.equal(decodeSendme(fromHex('020000')), { ok: false, fault: 'bad-version' });
  assert.is(toHex(encodeXon({ rateKbPerSec: 1000 })), '00000003e8');
  assert.equal(decodeXon(fromHex('00000003e8')), { ok: true, value: { rateKbPerSec: 1000 } });
  assert.equal(decodeXon(fromHex('0000')), { ok: false, fault: 'short' });
  assert.equal(decodeXon(fromHex('0100000000')), { ok: false, fault: 'bad-version' });
  assert.ok(decodeXoff(encodeXoff()).ok);
  assert.equal(decodeXoff(new Uint8Array(0)), { ok: false, fault: 'short' });
});

test('EXTEND2 keeps its specifiers as they are, and says where to', () => {
  const data = new Uint8Array(99).fill(7);
  const bytes = fromHex(
    `02 0006 12f40001f0f1 0214 ${toHex(text('anarchoindividualist'))} 0105 0063 ${toHex(data)}`,
  );
  const extend = decodeExtend2(bytes);
  assert.ok(extend.ok);
  assert.is(toHex(encodeExtend2(extend.value)), toHex(bytes));
  assert.is(extend.value.create.type, 0x105);
  const target = extendTarget(extend.value.specifiers);
  assert.equal(target.ipv4, { host: '18.244.0.1', port: 61681 });
  assert.is(toHex(target.rsaId!), toHex(text('anarchoindividualist')));
  assert.is(target.ipv6, undefined);
  assert.is(target.ed25519Id, undefined);
  const full = {
    ipv4: { host: '1.2.3.4', port: 9001 },
    ipv6: { host: '2001:db8::1', port: 9002 },
    rsaId: new Uint8Array(20).fill(1),
    ed25519Id: new Uint8Array(32).fill(2),
  };
  assert.equal(
    linkSpecifiers(full).map((one) => one.type),
    [0, 2, 3, 1],
  );
  assert.equal(extendTarget(linkSpecifiers(full)), full);
  assert.equal(decodeExtend2(fromHex('01 0005 0102030405 0002 0000')), { ok: false, fault: 'bad-length' });
  assert.equal(decodeExtend2(fromHex('02 0006 010203040506')), { ok: false, fault: 'short' });
  assert.equal(decodeExtend2(fromHex('00 0002 0001')), { ok: false, fault: 'bad-length' });
  const unknown = decodeExtend2(fromHex('01 2a03 010203 0002 0000'));
  assert.ok(unknown.ok && unknown.value.specifiers[0]!.type === 0x2a);
});

test.run();
