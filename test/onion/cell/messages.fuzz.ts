// Aim: 20,000 mutated messages of every kind give a message or a named fault: no exception, nothing that is longer
// than what came in. ALLIUM_FUZZ_SEED replays.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as circuit from '../../../engine/onion/cell/circuit-messages.ts';
import * as extend from '../../../engine/onion/cell/extend.ts';
import * as flow from '../../../engine/onion/cell/flow-messages.ts';
import * as link from '../../../engine/onion/cell/link-messages.ts';
import { emptyHead, peekCell } from '../../../engine/onion/cell/peek.ts';
import { RELAY_V0 } from '../../../engine/onion/cell/relay-v0.ts';
import { RELAY_V1 } from '../../../engine/onion/cell/relay-v1.ts';
import * as resolve from '../../../engine/onion/cell/resolve-messages.ts';
import * as stream from '../../../engine/onion/cell/stream-messages.ts';
import { streamId } from '../../../engine/onion/units.ts';
import { fuzzRandom, mutate } from '../crypto/support.ts';

const test = suite('cell fuzz');
const INPUTS = 20_000;
const { seed, random } = fuzzRandom(20);

const SEEDS: readonly Uint8Array[] = [
  link.versionsCell([3, 4, 5]).subarray(5),
  link.encodeCerts([2, 4, 5, 7].map((type) => ({ type, bytes: new Uint8Array(90).fill(type) }))),
  link.encodeAuthChallenge({ challenge: new Uint8Array(32), methods: [1, 3] }),
  link.encodeAuthenticate({ type: 3, authentication: new Uint8Array(352) }),
  link.encodeNetinfo({ timeSec: 9, otherHost: '1.2.3.4', ownHosts: ['::1', '4.3.2.1'] }),
  link.encodeLinkPadding({ command: 'start', lowMs: 1500, highMs: 9500 }),
  circuit.encodeCreate2({ type: 2, data: new Uint8Array(84) }),
  circuit.encodeCreated2(new Uint8Array(64)),
  extend.encodeExtend2({
    specifiers: extend.linkSpecifiers({
      ipv4: { host: '1.2.3.4', port: 5 },
      ipv6: { host: '::2', port: 5 },
      rsaId: new Uint8Array(20),
      ed25519Id: new Uint8Array(32),
    }),
    create: { type: 3, data: new Uint8Array(120) },
  }),
  stream.encodeBegin({ host: 'example.com', port: 80, ipv6Ok: true, ipv4NotOk: false, ipv6Preferred: false }),
  stream.encodeBegin({ host: '2001:db8::1', port: 80, ipv6Ok: true, ipv4NotOk: false, ipv6Preferred: false }),
  stream.encodeConnected({ host: '2001:db8::1', ttlSec: 9 }),
  stream.encodeEnd({ reason: 4, host: '1.2.3.4', ttlSec: 60 }),
  resolve.encodeResolve('example.com'),
  resolve.encodeResolved([
    { kind: 'name', value: 'a.b', ttlSec: 1 },
    { kind: 'ipv6', value: '::9', ttlSec: 1 },
    { kind: 'error', value: '', ttlSec: 1 },
  ]),
  flow.encodeSendme({ version: 1, digest: new Uint8Array(20) }),
  flow.encodeXon({ rateKbPerSec: 5 }),
  flow.encodeCircuitPadding({ command: 'start', machine: 1, counter: 1 }),
];

const DECODERS: readonly ((bytes: Uint8Array) => unknown)[] = [
  link.decodeVersions,
  link.decodeCerts,
  link.decodeAuthChallenge,
  link.decodeAuthenticate,
  link.decodeNetinfo,
  link.decodeLinkPadding,
  circuit.decodeCreate2,
  circuit.decodeCreated2,
  circuit.decodeCreateFast,
  circuit.decodeCreatedFast,
  circuit.decodeDestroyReason,
  extend.decodeExtend2,
  stream.decodeBegin,
  stream.decodeConnected,
  stream.decodeEnd,
  resolve.decodeResolve,
  resolve.decodeResolved,
  flow.decodeSendme,
  flow.decodeXoff,
  flow.decodeXon,
  flow.decodeCircuitPadding,
  flow.decodeCircuitPaddingAnswer,
];

/** How much a result holds. */
function sizeOf(value: unknown): number {
  if (value instanceof Uint8Array || typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 1;
  return Object.values(value).reduce<number>((sum, part) => sum + sizeOf(part), 0);
}

test('messages', () => {
  let good = 0;
  for (let i = 0; i < INPUTS; i++) {
    const bytes = mutate(SEEDS[random.below(SEEDS.length)]!, random);
    for (const decode of DECODERS) {
      const result = decode(bytes);
      // A one-byte address entry can become a text of a few dozen characters, nothing more.
      assert.ok(sizeOf(result) < 200 + 20 * bytes.length, `seed ${seed}, input ${i}`);
      if (typeof result === 'object' && result !== null && 'ok' in result) {
        if (result.ok) good++;
        else assert.type((result as unknown as { fault: string }).fault, 'string');
      }
    }
  }
  assert.ok(good > INPUTS, `${good} were good`);
});

test('headers of cells and relay cells', () => {
  const head = emptyHead();
  const into = { command: 0, streamId: streamId(0), dataAt: 0, dataLength: 0 };
  for (let i = 0; i < INPUTS; i++) {
    const bytes = random.bytes(random.below(12));
    for (const isNarrow of [true, false]) {
      const seen = peekCell(bytes, 0, bytes.length, isNarrow, head);
      if (seen === 'ok') assert.ok(head.byteLength >= head.bodyAt && head.byteLength <= 7 + 65535);
      else assert.ok(bytes.length < 7);
    }
    const body = new Uint8Array(509);
    body.set(random.bytes(24));
    for (const format of [RELAY_V0, RELAY_V1]) {
      const fault = format.read(body, 0, into);
      if (fault === undefined) assert.ok(into.dataAt + into.dataLength <= 509, `seed ${seed}, input ${i}`);
    }
  }
});

test.run();
