/**
 * Aim: HTTP CONNECT opens tunnels to names and addresses of both kinds, keeps streams apart by what programs put into
 * their headers, and answers everything else with a page that says what is wrong and repeats nothing of the request.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CONNECT_BYTES_MAX, HttpConnectNegotiation } from '../../../engine/onion/socks/http-connect.ts';
import { converse } from './support/talk.ts';

const connect = suite('HTTP CONNECT');

function ask(head: string) {
  return converse(new HttpConnectNegotiation(), [head]).last;
}

function request(head: string) {
  const last = ask(head);
  return last.kind === 'request' ? last.request : undefined;
}

/** The fault, and the status of the answer. */
function refusal(head: string): readonly [fault: string, status: string] | undefined {
  const last = ask(head);
  if (last.kind !== 'refused') return undefined;
  const answer = Buffer.from(last.reply).toString();
  assert.not.match(answer, 'secret');
  return [last.fault, answer.slice(9, 12)];
}

connect('names and addresses', () => {
  assert.equal(request('CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n'), {
    command: 'connect',
    host: 'a.example',
    port: 443,
    user: undefined,
    password: undefined,
  });
  assert.is(request('CONNECT 10.0.0.1:80 HTTP/1.0\r\n\r\n')?.host, '10.0.0.1');
  assert.is(request('CONNECT [2001:db8::1]:80 HTTP/1.1\r\n\r\n')?.host, '2001:db8::1');
});

connect('what keeps streams apart', () => {
  const head = (lines: string) => request(`CONNECT a:1 HTTP/1.1\r\n${lines}\r\n`);
  const both = head('Proxy-Authorization: Basic bWU6cHc=\r\nX-Tor-Stream-Isolation: tab 7\r\n');
  assert.is(both?.user, 'Basic bWU6cHc=');
  assert.is(both?.password, 'tab 7');
  assert.is(head('tor-stream-isolation: x\r\n')?.password, 'x');
  assert.is(head('Authorization: Basic bWU6cHc=\r\n')?.user, undefined, 'that one is for the host');
});

connect('what is no CONNECT gets its answer', () => {
  assert.equal(refusal('GET http://secret.example/ HTTP/1.1\r\n\r\n'), ['http', '405']);
  for (const target of [
    'secret',
    'secret:0',
    'secret:65536',
    'secret:x',
    '[secret]:80',
    'u@secret:80',
    'http://secret:80',
  ]) {
    assert.equal(refusal(`CONNECT ${target} HTTP/1.1\r\n\r\n`), ['malformed', '400'], target);
  }
  assert.equal(refusal('CONNECT secret:1 HTTP/2\r\n\r\n'), ['malformed', '400']);
  assert.equal(refusal('CONNECT secret:1 HTTP/1.1\r\nno header\r\n\r\n'), ['malformed', '400']);
  assert.equal(ask('\x16\x03\x01'), {
    kind: 'refused',
    used: 0,
    reply: new Uint8Array(0),
    fault: 'not-proxy',
  });
  assert.is(refusal('\x05\x01\x00')?.[0], 'not-proxy');
  assert.is(refusal('A'.repeat(21))?.[0], 'not-proxy', 'no method is that long');
});

connect('a head has a bound', () => {
  const long = `CONNECT a:1 HTTP/1.1\r\nX: ${'y'.repeat(CONNECT_BYTES_MAX)}`;
  assert.equal(refusal(long), ['too-long', '431']);
  assert.is(ask(long.slice(0, CONNECT_BYTES_MAX - 1)).kind, 'more');
});

connect('the answers', () => {
  const negotiation = new HttpConnectNegotiation();
  const statusOf = (answer: Uint8Array): string => Buffer.from(answer).toString().slice(9, 12);
  assert.is(Buffer.from(negotiation.connected()).toString(), 'HTTP/1.1 200 Connection established\r\n\r\n');
  assert.is(statusOf(negotiation.failed('resolveFailed')), '404');
  assert.is(statusOf(negotiation.failed('exitPolicy')), '403');
  assert.is(statusOf(negotiation.failed('timeout')), '504');
  assert.is(statusOf(negotiation.failed('no-circuit')), '503');
  assert.is(statusOf(negotiation.failed('destroy')), '502');
});

connect.run();
