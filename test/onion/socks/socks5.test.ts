/**
 * Aim: SOCKS5 as RFC 1928 and RFC 1929 write it, byte for byte, with Tor's look-ups; every wrong turn gets the answer
 * that says what is wrong, and every way in which a stream can fail its reply.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { END_REASON } from '../../../engine/onion/cell/reason.ts';
import type { StreamReason } from '../../../engine/onion/client/types.ts';
import { Socks5Negotiation } from '../../../engine/onion/socks/socks5.ts';
import { bytesOf, converse, socksRequest } from './support/talk.ts';

const socks = suite('SOCKS5');
const NO_LOGIN = [5, 1, 0];

socks('a name without logging in: RFC 1928, byte for byte', () => {
  const { reply, last } = converse(new Socks5Negotiation(), NO_LOGIN, [5, 1, 0, 3, 7, 'a.b.com', 0x01, 0xbb]);
  assert.equal(reply, bytesOf([5, 0]));
  assert.equal(last, {
    kind: 'request',
    used: 14,
    reply: new Uint8Array(0),
    request: { command: 'connect', host: 'a.b.com', port: 443, user: undefined, password: undefined },
  });
});

socks('addresses of both kinds', () => {
  assert.equal(request([5, 1, 0, 1, 10, 1, 2, 3, 0, 80])?.host, '10.1.2.3');
  const ipv6 = [0x20, 0x01, 0x0d, 0xb8, ...new Array<number>(11).fill(0), 1];
  assert.equal(request([5, 1, 0, 4, ...ipv6, 0, 80])?.host, '2001:db8::1');
});

socks('user and password: RFC 1929, any bytes, also none', () => {
  const { reply, last } = converse(
    new Socks5Negotiation(),
    [5, 2, 0, 2],
    [1, 3, 'abc', 2, 0xff, 0],
    socksRequest('h', 1),
  );
  assert.equal(reply, bytesOf([5, 2, 1, 0]), 'who can log in is asked to');
  assert.is(last.kind === 'request' && last.request.user, 'abc');
  assert.is(last.kind === 'request' && last.request.password, '\xff\0');
  const empty = converse(new Socks5Negotiation(), [5, 1, 2], [1, 0, 0], socksRequest('h', 1)).last;
  assert.is(empty.kind === 'request' && empty.request.user, '');
});

socks('reserved user names: the known form keeps streams apart, the others are refused', () => {
  const login = (user: string) =>
    converse(new Socks5Negotiation(), [5, 1, 2], [1, user.length, user, 1, 'x'], socksRequest('h', 1));
  assert.is(login('<torS0X>0').last.kind, 'request');
  for (const user of ['<torS0X>', '<torS0X>1', '<torS0X>0a']) {
    const { last, reply } = login(user);
    assert.is(last.kind === 'refused' && last.fault, 'credentials', user);
    assert.equal(reply, bytesOf([5, 2, 1, 1]));
  }
  assert.is(login('<tors0x>1').last.kind, 'request', 'another name');
});

socks('look-ups: of a name, and of an address', () => {
  assert.equal(request([5, 0xf0, 0, 3, 1, 'n', 0, 0]), {
    command: 'resolve',
    host: 'n',
    port: 0,
    user: undefined,
    password: undefined,
  });
  assert.is(request([5, 0xf1, 0, 1, 127, 0, 0, 1, 0, 0])?.command, 'resolve-ptr');
  assert.is(request([5, 0xf1, 0, 3, 7, '1.2.3.4', 0, 0])?.host, '1.2.3.4');
  assert.equal(refusal(NO_LOGIN, [5, 0xf1, 0, 3, 1, 'n', 0, 0]), ['address', replyBytes(8)]);
});

socks('what follows the request is left alone: it is data already', () => {
  const { last, used } = converse(new Socks5Negotiation(), [...NO_LOGIN, ...socksRequest('h', 1), 'GET /']);
  assert.is(last.kind, 'request');
  assert.is(used, 3 + 8);
});

socks('what is wrong with a request is said in the words of the RFC', () => {
  const bind = [5, 2, 0, 1, 1, 2, 3, 4, 0, 80];
  assert.equal(refusal(NO_LOGIN, bind), ['command', replyBytes(7)]);
  assert.equal(refusal(NO_LOGIN, [5, 3, ...bind.slice(2)]), ['command', replyBytes(7)], 'UDP ASSOCIATE');
  assert.equal(refusal(NO_LOGIN, [5, 1, 0, 9, 0]), ['address', replyBytes(8)]);
  assert.equal(refusal(NO_LOGIN, [5, 1, 0, 3, 0, 0, 80]), ['malformed', replyBytes(1)], 'an empty name');
  assert.equal(refusal(NO_LOGIN, [5, 1, 0, 3, 1, 'n', 0, 0]), ['malformed', replyBytes(1)], 'port 0');
  assert.equal(refusal(NO_LOGIN, [4, 1]), ['malformed', replyBytes(1)]);
  assert.equal(refusal([5, 1, 1]), ['method', bytesOf([5, 0xff])], 'GSSAPI only');
  assert.equal(refusal([5, 0]), ['method', bytesOf([5, 0xff])]);
  assert.equal(
    refusal([5, 1, 2], [5, 1, 0]),
    ['malformed', bytesOf([1, 1])],
    'a request instead of the log-in',
  );
});

socks('other protocols: SOCKS4 is refused, a browser gets a page, TLS nothing', () => {
  assert.equal(refusal([4, 1, 0, 80, 1, 2, 3, 4, 0]), ['socks4', bytesOf([0, 0x5b, 0, 0, 0, 0, 0, 0])]);
  assert.equal(refusal([0x16, 3, 1, 2]), ['not-proxy', new Uint8Array(0)]);
  const [fault, page] = refusal(['GET http://secret.example/ HTTP/1.1\r\n\r\n']) ?? [];
  const text = Buffer.from(page ?? []).toString();
  assert.is(fault, 'http');
  assert.match(text, /^HTTP\/1\.1 501 [^\r]+\r\n[\s\S]*SOCKS5/);
  assert.not.match(text, 'secret');
  assert.is(Number(/Content-Length: (\d+)/.exec(text)?.[1]), text.length - text.indexOf('\r\n\r\n') - 4);
});

socks('the answers: a stream, an address, a name, one that cannot be written', () => {
  const negotiation = new Socks5Negotiation();
  assert.equal(negotiation.connected(), replyBytes(0));
  assert.equal(
    negotiation.resolved({ kind: 'ipv4', value: '1.2.3.4', ttlSec: 1 }),
    bytesOf([5, 0, 0, 1, 1, 2, 3, 4, 0, 0]),
  );
  assert.is(negotiation.resolved({ kind: 'ipv6', value: '::1', ttlSec: 1 }).length, 22);
  assert.equal(
    negotiation.resolved({ kind: 'name', value: 'a.b', ttlSec: 1 }),
    bytesOf([5, 0, 0, 3, 3, 'a.b', 0, 0]),
  );
  for (const value of ['', 'x'.repeat(256), 'a b', 'é']) {
    assert.equal(negotiation.resolved({ kind: 'name', value, ttlSec: 1 }), replyBytes(4), value);
  }
});

socks('each reason why a stream failed has its reply; success is none of them', () => {
  const expected: Readonly<Partial<Record<StreamReason, number>>> = {
    resolveFailed: 4,
    noRoute: 4,
    'bad-name': 4,
    connectRefused: 5,
    connectionReset: 5,
    exitPolicy: 2,
    'no-exit': 2,
    'private-answer': 2,
    timeout: 6,
    'no-circuit': 3,
  };
  const own = [
    'no-exit',
    'no-circuit',
    'circuit-closed',
    'private-answer',
    'bad-name',
    'stopped',
    'closed',
    'too-many',
  ];
  const reasons = [...Object.keys(END_REASON), ...own] as StreamReason[];
  assert.is(reasons.length, 22);
  for (const reason of reasons) {
    assert.equal(new Socks5Negotiation().failed(reason), replyBytes(expected[reason] ?? 1), reason);
  }
});

/** The request that such bytes make after a greeting without log-in. */
function request(bytes: readonly (number | string)[]) {
  const { last } = converse(new Socks5Negotiation(), NO_LOGIN, bytes);
  return last.kind === 'request' ? last.request : undefined;
}

/** Why it was refused, and the last answer. */
function refusal(...messages: readonly (readonly (number | string)[])[]) {
  const { last } = converse(new Socks5Negotiation(), ...messages);
  return last.kind === 'refused' ? ([last.fault, last.reply] as const) : undefined;
}

function replyBytes(code: number): Uint8Array {
  return bytesOf([5, code, 0, 1, 0, 0, 0, 0, 0, 0]);
}

socks.run();
