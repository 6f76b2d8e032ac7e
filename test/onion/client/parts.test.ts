/** Aim: the pure parts of the client: stream flow, waiting writes, half-closed streams, host names, plans, retry times. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CERTIFICATES_MAX, mergeCertificates } from '../../../engine/onion/client/document-fetcher.ts';
import { HALF_CLOSED_MAX, HalfClosedStreams } from '../../../engine/onion/client/half-closed.ts';
import { authorityPlan, relayPlan } from '../../../engine/onion/client/hop-plan.ts';
import { isHostName } from '../../../engine/onion/client/host-name.ts';
import { retryDelayMs } from '../../../engine/onion/client/retry-delay.ts';
import { windowFlow, xonFlow } from '../../../engine/onion/client/stream-flow.ts';
import { WriteBacklog } from '../../../engine/onion/client/write-backlog.ts';
import type { AuthorityCertificate } from '../../../engine/onion/directory/authority-types.ts';
import type { RouterStatus } from '../../../engine/onion/directory/consensus-types.ts';
import type { Microdescriptor } from '../../../engine/onion/directory/descriptor-types.ts';
import { parseProtocols } from '../../../engine/onion/directory/protocols.ts';
import { xonParams } from '../../../engine/onion/flow/xon-xoff.ts';
import { streamId } from '../../../engine/onion/units.ts';
import { seededRandom } from '../../bittorrent/support/seeded-random.ts';

const test = suite('parts of the client');
const CELL = 498;

test('a stream with windows stops after 500 cells and refuses what cannot be', () => {
  const flow = windowFlow();
  for (let i = 0; i < 500; i++) {
    assert.is(flow.waitMs(0), 0);
    flow.onSent(CELL);
  }
  assert.is(flow.waitMs(0), Number.POSITIVE_INFINITY);
  assert.ok(flow.onSendme());
  assert.is(flow.waitMs(0), 0);
  for (let i = 0; i < 9; i++) flow.onSendme();
  assert.not.ok(flow.onSendme(), 'beyond what was sent');
  for (let i = 0; i < 500; i++) assert.ok(flow.onData());
  assert.not.ok(flow.onData());
  assert.not.ok(flow.onXoff());
  assert.not.ok(flow.onXon(0));
});

test('a stream with XON and XOFF stops, goes on, and keeps to a rate', () => {
  const params = xonParams(new Map());
  const flow = xonFlow(params);
  assert.not.ok(flow.onXoff(), 'before anything was sent it has no reason');
  const busy = xonFlow(params);
  for (let i = 0; i < 1000; i++) busy.onSent(CELL);
  assert.ok(busy.onXoff());
  assert.is(busy.waitMs(0), Number.POSITIVE_INFINITY);
  assert.ok(busy.onXon(100));
  let sentBytes = 0;
  for (let nowMs = 0; nowMs < 10_000; nowMs += 5) {
    while (busy.waitMs(nowMs) === 0) {
      busy.onSent(CELL);
      sentBytes += CELL;
    }
  }
  assert.ok(Math.abs(sentBytes - 1_000_000) < 50_000, `${sentBytes} bytes in 10 s at 100 kB/s`);
  assert.not.ok(busy.onSendme());
});

test('an owner that does not keep up makes the other end stop, and go on when it has', () => {
  const params = xonParams(new Map());
  const flow = xonFlow(params);
  assert.is(flow.onDelivered(params.xoffClientBytes, 0), undefined);
  assert.is(flow.onDelivered(params.xoffClientBytes + 1, 1), undefined, 'it may be gone in a moment');
  assert.equal(flow.onDelivered(params.xoffClientBytes + 1, 7), { kind: 'xoff' });
  assert.is(flow.onDelivered(params.xoffClientBytes + 2, 20), undefined, 'said once');
  assert.is(flow.onConsumed(1000, 1000, 21).length, 0);
  const [xon] = flow.onConsumed(params.xoffClientBytes, 0, 100);
  assert.is(xon?.kind, 'xon');
});

test('writes are told when their last byte is in a cell, in order, or that they are lost', () => {
  const backlog = new WriteBacklog();
  const told: string[] = [];
  const note = (name: string) => (ok: boolean) => told.push(`${name} ${ok}`);
  backlog.push(Uint8Array.of(1, 2, 3), note('a'));
  backlog.push(new Uint8Array(0), note('b'));
  backlog.push(Uint8Array.of(4, 5), note('c'));
  backlog.push(Uint8Array.of(6), note('d'));
  const out = new Uint8Array(6);
  backlog.take(out, 0, 2);
  assert.equal(told, []);
  backlog.take(out, 2, 2);
  assert.equal(told, ['a true', 'b true']);
  assert.equal(out, Uint8Array.of(1, 2, 3, 4, 0, 0));
  assert.is(backlog.byteLength, 2);
  backlog.drop();
  assert.equal(told, ['a true', 'b true', 'c false', 'd false']);
  assert.is(backlog.byteLength, 0);
});

test('whoever hears of a write may write and drop', () => {
  const backlog = new WriteBacklog();
  const out = new Uint8Array(4);
  backlog.push(Uint8Array.of(1), () => backlog.drop());
  backlog.push(Uint8Array.of(2), (ok) => assert.ok(ok));
  backlog.push(Uint8Array.of(3), (ok) => assert.not.ok(ok));
  backlog.take(out, 0, 2);
  assert.equal(out, Uint8Array.of(1, 2, 0, 0));
  assert.is(backlog.byteLength, 0);
});

test('a closed stream may be sent what its window had left, one answer and one END', () => {
  const streams = new HalfClosedStreams();
  const id = streamId(7);
  assert.not.ok(streams.accepts(id, 'data'));
  streams.add(id, 2, true);
  assert.ok(streams.accepts(id, 'answer'));
  assert.not.ok(streams.accepts(id, 'answer'));
  assert.ok(streams.accepts(id, 'data') && streams.accepts(id, 'data'));
  assert.not.ok(streams.accepts(id, 'data'));
  assert.ok(streams.accepts(id, 'flow'));
  assert.ok(streams.accepts(id, 'end'));
  assert.not.ok(streams.accepts(id, 'end'));
  for (let i = 1; i <= HALF_CLOSED_MAX; i++) streams.add(streamId(i), 1, false);
  assert.ok(streams.isFull);
});

test('names that exits can look up, and those that must never reach one', () => {
  for (const good of ['example.com', 'a_b-c.test', 'localhost', '1.2.3.4', '2606::1', 'x.', 'onion.com']) {
    assert.ok(isHostName(good), good);
  }
  const bad = [
    '',
    'abc.onion',
    'ABC.Onion',
    'x.onion.',
    'onion',
    'a b',
    'a\n',
    'ä.test',
    '-a',
    'a'.repeat(254),
  ];
  for (const one of bad) assert.not.ok(isHostName(one), one);
});

const STATUS = {
  nickname: 'relay',
  fingerprint: 'AB'.repeat(20),
  host: '5.1.0.1',
  orPort: 443,
  ipv6: undefined,
} as RouterStatus;
const DESCRIPTOR = { ntorOnionKey: new Uint8Array(32), ed25519Id: new Uint8Array(32) } as Microdescriptor;

function wishesFor(protocols: string, options: { cc?: boolean; cgo?: boolean; isLast?: boolean } = {}) {
  const parsed = parseProtocols(protocols);
  if (!parsed.ok) throw new Error(parsed.reason);
  const { cc: congestionControl = true, cgo = true, isLast = true } = options;
  const status = { ...STATUS, protocols: parsed.value };
  return relayPlan(status, DESCRIPTOR, { congestionControl, cgo }, isLast).wishes;
}

test('a hop is asked for what it has and what is wanted', () => {
  const both = { congestionControl: true, cgo: true };
  const one = { congestionControl: true, cgo: false };
  assert.equal(wishesFor('FlowCtrl=1-2 Relay=2-6'), both);
  assert.equal(wishesFor('FlowCtrl=1-2 Relay=2-6', { isLast: false }), both);
  assert.equal(wishesFor('FlowCtrl=1-2 Relay=2-4'), one);
  assert.equal(wishesFor('FlowCtrl=1-2 Relay=2-4', { isLast: false }), undefined);
  assert.equal(wishesFor('FlowCtrl=1-2 Relay=2-4,6'), one);
  assert.equal(wishesFor('FlowCtrl=1 Relay=2-6'), undefined);
  assert.equal(wishesFor('FlowCtrl=1-2 Relay=2-6', { cgo: false }), one);
  assert.equal(wishesFor('FlowCtrl=1-2 Relay=2-6', { cc: false }), undefined);
  assert.equal(wishesFor('FlowCtrl=2 Relay=2-3'), undefined);
});

test('an authority is greeted without its keys, if it has an OR port', () => {
  const authority = {
    nickname: 'auth',
    host: '5.1.0.1',
    dirPort: 80,
    orPort: 443,
    ipv6: undefined,
    v3ident: undefined,
    fingerprint: 'AB'.repeat(20),
  };
  assert.is(authorityPlan(authority)?.onionKey, undefined);
  assert.is(authorityPlan(authority)?.port, 443);
  assert.is(authorityPlan({ ...authority, orPort: 0 }), undefined);
});

test('a first relay is dialled over IPv6 where that is wished and it has one', () => {
  const ipv6 = { host: '2a02:1::5', port: 9001 };
  const none = parseProtocols('Link=4-5');
  if (!none.ok) throw new Error(none.reason);
  const dialled = (choice: 'no' | 'prefer' | 'only', consensus = true, descriptor = false) => {
    const status = { ...STATUS, protocols: none.value, ...(consensus && { ipv6 }) };
    const details = { ...DESCRIPTOR, ...(descriptor && { ipv6 }) };
    const plan = relayPlan(status, details, { congestionControl: false, cgo: false, ipv6: choice }, false);
    assert.equal(plan.target.ipv4, { host: '5.1.0.1', port: 443 }, 'other relays are told both');
    return `${plan.host} ${plan.port}`;
  };
  assert.is(dialled('no'), '5.1.0.1 443');
  assert.is(dialled('prefer'), '2a02:1::5 9001');
  assert.is(dialled('only'), '2a02:1::5 9001');
  assert.is(dialled('prefer', false, true), '2a02:1::5 9001', 'by its microdescriptor');
  assert.is(dialled('prefer', false), '5.1.0.1 443');
});

test('an authority is asked over IPv6 likewise', () => {
  const ipv6 = { host: '2a02:1::5', port: 9001 };
  const plain = {
    ...{ nickname: 'auth', host: '5.1.0.1', dirPort: 80, orPort: 443, ipv6: undefined, v3ident: undefined },
    fingerprint: 'AB'.repeat(20),
  };
  assert.is(authorityPlan({ ...plain, ipv6 }, 'prefer')?.host, ipv6.host);
  assert.is(authorityPlan({ ...plain, ipv6 })?.host, '5.1.0.1');
  assert.is(authorityPlan(plain, 'prefer')?.host, '5.1.0.1');
  assert.is(authorityPlan(plain, 'only'), undefined);
});

test('keeps no more certificates than it may, and each once', () => {
  const certificate = (i: number) => ({ v3ident: `${i}`, signingKeyDigest: 'x' }) as AuthorityCertificate;
  const many = Array.from({ length: CERTIFICATES_MAX + 20 }, (_, i) => certificate(i));
  assert.is(mergeCertificates(many, many).length, CERTIFICATES_MAX);
  assert.is(mergeCertificates(many.slice(0, 3), many.slice(1, 5)).length, 5);
});

test('pauses double up to ten minutes', () => {
  const random = seededRandom(3);
  for (let failures = 1; failures < 40; failures++) {
    const wholeMs = Math.min(600_000, 500 * 2 ** (failures - 1));
    const delayMs = retryDelayMs(failures, random);
    assert.ok(delayMs >= wholeMs / 2 && delayMs <= wholeMs, `${failures}: ${delayMs}`);
  }
});

test.run();
