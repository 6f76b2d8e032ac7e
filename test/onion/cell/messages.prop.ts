// Aim: whatever can be said is read back as it was said.
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as circuit from '../../../engine/onion/cell/circuit-messages.ts';
import type { Decoded } from '../../../engine/onion/cell/decoded.ts';
import * as extend from '../../../engine/onion/cell/extend.ts';
import * as flow from '../../../engine/onion/cell/flow-messages.ts';
import { hostText } from '../../../engine/onion/cell/host.ts';
import * as link from '../../../engine/onion/cell/link-messages.ts';
import type { EndReason } from '../../../engine/onion/cell/reason.ts';
import * as resolve from '../../../engine/onion/cell/resolve-messages.ts';
import * as stream from '../../../engine/onion/cell/stream-messages.ts';

const test = suite('cell messages, all of them');
const bytes = (constraints: fc.IntArrayConstraints) => fc.uint8Array(constraints);
const exactly = (length: number) => bytes({ minLength: length, maxLength: length });
const uint16 = fc.integer({ min: 0, max: 0xffff });
const uint32 = fc.integer({ min: 0, max: 0xffffffff });
const ipv4 = exactly(4).map(hostText);
// An IPv6 address whose first four bytes are zero cannot be told from an IPv4 one in END.
const ipv6 = exactly(16).map((some) => hostText(Uint8Array.of(0x20, ...some.subarray(1))));
const host = fc.oneof(
  ipv4.filter((some) => some !== '0.0.0.0'),
  ipv6,
);
const name = fc.stringMatching(/^[a-z0-9][a-z0-9.-]{0,60}$/);

function roundTrip<T>(
  what: string,
  arbitrary: fc.Arbitrary<T>,
  encode: (message: T) => Uint8Array,
  decode: (some: Uint8Array) => Decoded<T>,
) {
  test(what, () => {
    fc.assert(
      fc.property(arbitrary, (message) => {
        const back = decode(encode(message));
        assert.ok(back.ok, back.ok ? '' : back.fault);
        // Clones are plain objects, whatever made them.
        assert.equal(structuredClone(back.value), structuredClone(message));
      }),
    );
  });
}

roundTrip(
  'CERTS',
  fc.uniqueArray(fc.record({ type: fc.integer({ min: 0, max: 255 }), bytes: bytes({ maxLength: 300 }) }), {
    maxLength: 16,
    selector: (cert) => cert.type,
  }),
  (certs) => link.encodeCerts(certs),
  (some) => link.decodeCerts(some) as Decoded<{ type: number; bytes: Uint8Array<ArrayBuffer> }[]>,
);
roundTrip(
  'AUTH_CHALLENGE',
  fc.record({ challenge: exactly(32), methods: fc.array(uint16, { maxLength: 64 }) }),
  (message) => link.encodeAuthChallenge(message),
  (some) =>
    link.decodeAuthChallenge(some) as Decoded<{ challenge: Uint8Array<ArrayBuffer>; methods: number[] }>,
);
roundTrip(
  'AUTHENTICATE',
  fc.record({ type: uint16, authentication: bytes({ maxLength: 500 }) }),
  (message) => link.encodeAuthenticate(message),
  (some) =>
    link.decodeAuthenticate(some) as Decoded<{ type: number; authentication: Uint8Array<ArrayBuffer> }>,
);
roundTrip(
  'NETINFO',
  fc.record({ timeSec: uint32, otherHost: host, ownHosts: fc.array(host, { maxLength: 20 }) }),
  (message) => link.encodeNetinfo(message),
  (some) => link.decodeNetinfo(some) as Decoded<{ timeSec: number; otherHost: string; ownHosts: string[] }>,
);
roundTrip(
  'CREATE2',
  fc.record({ type: uint16, data: bytes({ maxLength: 505 }) }),
  (message) => circuit.encodeCreate2(message),
  (some) => circuit.decodeCreate2(some) as Decoded<{ type: number; data: Uint8Array<ArrayBuffer> }>,
);
roundTrip(
  'EXTEND2',
  fc.record({
    specifiers: fc.array(
      fc.oneof(
        fc.record({ type: fc.constant(0), bytes: exactly(6) }),
        fc.record({ type: fc.constant(1), bytes: exactly(18) }),
        fc.record({ type: fc.constant(2), bytes: exactly(20) }),
        fc.record({ type: fc.constant(3), bytes: exactly(32) }),
        fc.record({ type: fc.integer({ min: 4, max: 255 }), bytes: bytes({ maxLength: 60 }) }),
      ),
      { maxLength: 10 },
    ),
    create: fc.record({ type: uint16, data: bytes({ maxLength: 200 }) }),
  }),
  (message) => extend.encodeExtend2(message),
  (some) => extend.decodeExtend2(some) as ReturnType<typeof extend.decodeExtend2> as never,
);
roundTrip(
  'BEGIN',
  fc.record({
    host: fc.oneof(host, name),
    port: fc.integer({ min: 1, max: 65535 }),
    ipv6Ok: fc.boolean(),
    ipv4NotOk: fc.boolean(),
    ipv6Preferred: fc.boolean(),
  }),
  (message) => stream.encodeBegin(message),
  (some) => stream.decodeBegin(some),
);
roundTrip(
  'CONNECTED',
  fc.record({ host, ttlSec: uint32 }),
  (message) => stream.encodeConnected(message),
  (some) => stream.decodeConnected(some) as Decoded<{ host: string; ttlSec: number }>,
);
roundTrip(
  'END',
  fc.record({ reason: fc.constant<EndReason>(4), host, ttlSec: uint32 }),
  (message) => stream.encodeEnd(message),
  (some) =>
    ({ ok: true, value: stream.decodeEnd(some) }) as Decoded<{
      reason: EndReason;
      host: string;
      ttlSec: number;
    }>,
);
roundTrip(
  'RESOLVED',
  fc.array(
    fc.oneof(
      fc.record({ kind: fc.constant('ipv4' as const), value: ipv4, ttlSec: uint32 }),
      fc.record({ kind: fc.constant('ipv6' as const), value: ipv6, ttlSec: uint32 }),
      fc.record({ kind: fc.constant('name' as const), value: name, ttlSec: uint32 }),
      fc.record({
        kind: fc.constantFrom('error' as const, 'error-transient' as const),
        value: fc.constant(''),
        ttlSec: uint32,
      }),
    ),
    { maxLength: 8 },
  ),
  (answers) => resolve.encodeResolved(answers),
  (some) => resolve.decodeResolved(some) as never,
);
roundTrip(
  'SENDME',
  fc.oneof(
    fc.record({ version: fc.constant(1 as const), digest: exactly(20) }),
    fc.record({ version: fc.constant(1 as const), digest: exactly(16) }),
    fc.record({ version: fc.constant(0 as const), digest: exactly(0) }),
  ),
  (message) => flow.encodeSendme(message),
  (some) => flow.decodeSendme(some) as never,
);
roundTrip(
  'XON',
  fc.record({ rateKbPerSec: uint32 }),
  (message) => flow.encodeXon(message),
  (some) => flow.decodeXon(some),
);
roundTrip(
  'PADDING_NEGOTIATED',
  fc.record({
    command: fc.constantFrom('start' as const, 'stop' as const),
    response: fc.constantFrom('ok' as const, 'error' as const),
    machine: fc.integer({ min: 0, max: 255 }),
    counter: uint32,
  }),
  (message) => flow.encodeCircuitPaddingAnswer(message),
  (some) => flow.decodeCircuitPaddingAnswer(some),
);

test.run();
