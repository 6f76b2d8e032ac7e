/**
 * Aim: however the bytes of a handshake are cut up, the outcome is the same; and whatever comes, nothing is thrown,
 * no more is used than there is, and what is waited for is never longer than a message can be.
 */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CONNECT_BYTES_MAX, HttpConnectNegotiation } from '../../../engine/onion/socks/http-connect.ts';
import type { Negotiation } from '../../../engine/onion/socks/negotiation.ts';
import { Socks5Negotiation } from '../../../engine/onion/socks/socks5.ts';
import { LOGIN_BYTES_MAX } from '../../../engine/onion/socks/socks5-messages.ts';
import { bytesOf, converse, socksRequest, type Talk } from './support/talk.ts';

const negotiation = suite('proxy handshakes');

const text = fc.string({ unit: fc.nat(255).map((code) => String.fromCharCode(code)), maxLength: 255 });
const host = fc.string({ unit: fc.constantFrom(...'abcdefgh.-0123456789'), minLength: 1, maxLength: 255 });
const port = fc.integer({ min: 1, max: 65_535 });
const data = fc.uint8Array({ maxLength: 40 });
const cuts = fc.array(fc.nat(1200), { maxLength: 12 });

const socks = fc.tuple(fc.option(fc.tuple(text, text)), host, port, data).map(([login, name, to, rest]) => {
  const hello =
    login === null ? [5, 1, 0] : [5, 1, 2, 1, login[0].length, login[0], login[1].length, login[1]];
  return { bytes: bytesOf([...hello, ...socksRequest(name, to), ...rest]), name, to };
});

function inParts(make: () => Negotiation, bytes: Uint8Array, at: readonly number[]): Talk {
  const places = [0, ...at.filter((place) => place < bytes.length), bytes.length].sort((a, b) => a - b);
  return converse(make(), ...places.slice(1).map((end, index) => bytes.subarray(places[index], end)));
}

negotiation('a SOCKS handshake in any parts is the same handshake', () => {
  fc.assert(
    fc.property(socks, cuts, ({ bytes, name, to }, at) => {
      const whole = converse(new Socks5Negotiation(), bytes);
      const parts = inParts(() => new Socks5Negotiation(), bytes, at);
      assert.equal(parts.reply, whole.reply);
      assert.is(parts.used, whole.used);
      assert.is(parts.last.kind, whole.last.kind);
      if (whole.last.kind !== 'request') {
        assert.is(whole.last.kind, 'refused');
        return;
      }
      assert.is(whole.last.request.host, name);
      assert.is(whole.last.request.port, to);
      assert.equal(parts.last.kind === 'request' && parts.last.request, whole.last.request);
    }),
  );
});

negotiation('a CONNECT in any parts is the same CONNECT', () => {
  fc.assert(
    fc.property(
      host.filter((name) => !name.includes(':')),
      port,
      data,
      cuts,
      (name, to, rest, at) => {
        const head = `CONNECT ${name}:${to} HTTP/1.1\r\nHost: x\r\nProxy-Authorization: Basic YQ==\r\n\r\n`;
        const bytes = bytesOf([head, ...rest]);
        const whole = converse(new HttpConnectNegotiation(), bytes);
        const parts = inParts(() => new HttpConnectNegotiation(), bytes, at);
        assert.is(whole.last.kind, 'request');
        assert.equal(
          parts.last.kind === 'request' && parts.last.request,
          whole.last.kind === 'request' && whole.last.request,
        );
        assert.is(parts.used, head.length);
      },
    ),
  );
});

const start = fc.constantFrom(
  ...[[], [5], [5, 1, 0], [5, 1, 0, 5, 1, 0], [5, 1, 2], [5, 1, 2, 1], 'CONNECT ', 'GET '],
);

negotiation('any bytes in any parts: no exception, and bounded waiting', () => {
  const kinds = [
    { make: () => new Socks5Negotiation(), max: LOGIN_BYTES_MAX },
    { make: () => new HttpConnectNegotiation(), max: CONNECT_BYTES_MAX },
  ];
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 1500 }), cuts, (first, noise, at) => {
      for (const { make, max } of kinds) {
        const bytes = bytesOf([...(typeof first === 'string' ? [first] : first), ...noise]);
        const { last, used } = inParts(make, bytes, at);
        assert.ok(used <= bytes.length);
        if (last.kind === 'more') assert.ok(bytes.length - used < max, `${bytes.length - used} bytes wait`);
      }
    }),
  );
});

negotiation.run();
