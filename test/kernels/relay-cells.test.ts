// Aim: ciphers for relay cells keep to their bounds, refuse what their caller cannot mean, touch only their cells,
// pass on a cell that only looks as if it were recognised, and leave neither keys nor key stream behind.
import { suite as uvuSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { AlliumError } from '../../engine/codec/error.ts';
import { choiceOfOne } from '../../engine/kernels/choice.ts';
import { SLAB_START } from '../../engine/kernels/memory-map.ts';
import {
  type ClientCipherId,
  OUTCOME_PASS,
  OUTCOME_RECOGNISED,
  RELAY_HOPS_MAX,
  RELAY_KEY_BYTES,
  type RelayCipherId,
} from '../../engine/kernels/relay-cells.ts';
import {
  clientCiphersBytes,
  createClientCiphers,
  createRelayCiphers,
  relayCiphersBytes,
} from '../../engine/kernels/relay-choice.ts';
import { FREE_START, kernelsOver, toHex } from './kernel-memory.ts';
import { referenceHop } from './relay-reference.ts';
import { MAKERS, Places } from './relay-twins.ts';

const suite = uvuSuite('relay cells');

const SHAPE = { capacity: 3, cellCountMax: 4 };
const BODY_BYTES = 509;
const CELL_BYTES = 514;
const RELAY = 3;

function counting(byteLength: number, factor: number): Uint8Array {
  return Uint8Array.from({ length: byteLength }, (_, i) => i * factor + 1);
}

function errorCode(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return error instanceof AlliumError ? error.code : (error as Error).name;
  }
  return 'nothing thrown';
}

for (const maker of MAKERS) {
  for (const kind of ['tor1', 'cgo'] as const) {
    const keys = counting(RELAY_KEY_BYTES[kind], 7);

    suite(`${maker.name}: ${kind} refuses one circuit too many and takes it after a close`, () => {
      const { ciphers } = new Places(maker).relay(kind, SHAPE);
      const open = Array.from({ length: SHAPE.capacity }, () => ciphers.open(keys));
      assert.is(ciphers.openCount, SHAPE.capacity);
      assert.is(
        errorCode(() => ciphers.open(keys)),
        'SLAB_FULL',
      );
      ciphers.close(open[1]!);
      assert.is(ciphers.open(keys), open[1]);
    });

    suite(`${maker.name}: ${kind} says when a run is full`, () => {
      const { ciphers } = new Places(maker).relay(kind, SHAPE);
      const id = ciphers.open(keys);
      for (let i = 0; i < SHAPE.cellCountMax; i += 1) {
        assert.is(ciphers.full, false);
        assert.is(ciphers.forward(id, FREE_START + i * CELL_BYTES, RELAY), i);
      }
      assert.is(ciphers.full, true);
      assert.is(
        errorCode(() => ciphers.forward(id, FREE_START, RELAY)),
        'RangeError',
      );
      ciphers.run();
      assert.is(ciphers.count, 0);
      assert.is(ciphers.forward(id, FREE_START, RELAY), 0);
    });

    suite(`${maker.name}: ${kind} touches only its cell`, () => {
      const places = new Places(maker);
      const { ciphers } = places.relay(kind, SHAPE);
      const { bytes } = places.kernels;
      bytes.fill(0xa5, FREE_START, FREE_START + 2000);
      const id = ciphers.open(keys);
      ciphers.originate(id, FREE_START + 777, RELAY);
      ciphers.run();
      const around = bytes.slice(FREE_START, FREE_START + 2000);
      assert.ok(around.subarray(0, 777).every((byte) => byte === 0xa5));
      assert.ok(around.subarray(777 + BODY_BYTES).every((byte) => byte === 0xa5));
    });

    suite(`${maker.name}: ${kind} finishes its cells on close and leaves only zeros of a circuit`, () => {
      const places = new Places(maker);
      const { bytes } = places.kernels;
      const { ciphers, at, byteLength } = places.relay(kind, SHAPE);
      const states = (): Uint8Array => bytes.slice(at + 64 * SHAPE.cellCountMax, at + byteLength);
      const id = ciphers.open(keys);
      const reference = referenceHop(kind, keys);
      const body = counting(BODY_BYTES, 3);
      bytes.set(body, FREE_START);
      ciphers.backward(id, FREE_START, RELAY);
      assert.ok(states().some((byte) => byte !== 0));
      ciphers.close(id);
      reference.backward.relay(body, RELAY, false);
      assert.is(toHex(bytes.slice(FREE_START, FREE_START + BODY_BYTES)), toHex(body));
      assert.ok(states().every((byte) => byte === 0));
    });

    suite(`${maker.name}: ${kind} refuses what its caller cannot mean`, () => {
      const places = new Places(maker);
      const { ciphers } = places.relay(kind, SHAPE);
      const id = ciphers.open(keys);
      const wrong: readonly (() => unknown)[] = [
        () => ciphers.open(keys.subarray(1)),
        () => ciphers.forward((id + 1) as RelayCipherId, FREE_START, RELAY),
        () => ciphers.forward(id, -1, RELAY),
        () => ciphers.forward(id, places.kernels.bytes.length - BODY_BYTES + 1, RELAY),
        () => ciphers.readTag(0, new Uint8Array(20)),
        () => ciphers.close((id + 1) as RelayCipherId),
        () => places.relay(kind, { ...SHAPE, cellCountMax: 0 }),
      ];
      for (const action of wrong) assert.is(errorCode(action), 'RangeError');
    });
  }

  suite(`${maker.name}: a tor1 cell with a wrong digest passes and leaves the running digest as it was`, () => {
    const places = new Places(maker);
    const { bytes } = places.kernels;
    const { ciphers } = places.relay('tor1', SHAPE);
    const keys = counting(RELAY_KEY_BYTES.tor1, 5);
    const id = ciphers.open(keys);
    const client = referenceHop('tor1', keys).forward;
    const liar = new Uint8Array(BODY_BYTES).fill(9, 5, 40);
    const honest = counting(BODY_BYTES, 3);
    const plain = toHex(liar);
    client.clientSend(liar, RELAY, false);
    client.clientSend(honest, RELAY, true);
    bytes.set(liar, FREE_START);
    bytes.set(honest, FREE_START + CELL_BYTES);
    ciphers.forward(id, FREE_START, RELAY);
    ciphers.forward(id, FREE_START + CELL_BYTES, RELAY);
    ciphers.run();
    assert.equal([...ciphers.outcomes.subarray(0, 2)], [OUTCOME_PASS, OUTCOME_RECOGNISED]);
    assert.is(toHex(bytes.slice(FREE_START, FREE_START + BODY_BYTES)), plain, 'digest field restored');
  });

  suite(`${maker.name}: an idle circuit has key stream for one cell ahead, a busy one for as many as it may`, () => {
    const places = new Places(maker);
    const { ciphers, at, byteLength } = places.relay('tor1', { ...SHAPE, aheadCellsMax: 4 });
    const id = ciphers.open(counting(RELAY_KEY_BYTES.tor1, 5));
    const windowsAt = at + 256 + 2 * SHAPE.capacity * places.kernels.exports.tor1StateBytes();
    const ahead = (): number => {
      const window = places.kernels.bytes.slice(windowsAt, Math.min(windowsAt + 2048, at + byteLength));
      return window.reduce((last, byte, i) => (byte === 0 ? last : i + 1), 0);
    };
    const most: number[] = [];
    for (let cell = 0; cell < 16; cell += 1) {
      ciphers.forward(id, FREE_START, RELAY);
      most.push(ahead());
      ciphers.run();
    }
    assert.ok(most[0]! <= BODY_BYTES, 'the first time one');
    assert.ok(Math.max(...most) > 3 * BODY_BYTES && Math.max(...most) <= 4 * BODY_BYTES);
    for (let cell = 0; cell < 16; cell += 1) {
      for (let idle = 0; idle < 100; idle += 1) ciphers.run();
      ciphers.forward(id, FREE_START, RELAY);
      ciphers.run();
    }
    assert.is(ahead(), 0, 'all that was made is used');
    for (let idle = 0; idle < 100; idle += 1) ciphers.run();
    ciphers.forward(id, FREE_START, RELAY);
    assert.ok(ahead() <= BODY_BYTES, 'idle again');
  });

  suite(`${maker.name}: a client's circuit has eight hops at most, and its bounds are kept`, () => {
    const places = new Places(maker, 8 << 20);
    const { bytes } = places.kernels;
    const { ciphers, at, byteLength } = places.client(SHAPE);
    const circuits = Array.from({ length: SHAPE.capacity }, () => ciphers.open());
    assert.is(
      errorCode(() => ciphers.open()),
      'SLAB_FULL',
    );
    const [first] = circuits as [ClientCipherId];
    for (let hop = 0; hop < RELAY_HOPS_MAX; hop += 1) {
      const kind = hop % 2 === 0 ? 'tor1' : 'cgo';
      assert.is(ciphers.extend(first, kind, counting(RELAY_KEY_BYTES[kind], hop)), hop);
      assert.is(ciphers.kindOf(first, hop), kind);
    }
    assert.is(ciphers.hopCount(first), RELAY_HOPS_MAX);
    const ninth = (): number => ciphers.extend(first, 'tor1', counting(RELAY_KEY_BYTES.tor1, 3));
    assert.is(errorCode(ninth), 'SLAB_FULL');
    const wrong: readonly (() => unknown)[] = [
      () => ciphers.send(first, RELAY_HOPS_MAX, FREE_START, RELAY),
      () => ciphers.send(circuits[1]!, 0, FREE_START, RELAY),
      () => ciphers.receive(first, bytes.length, RELAY),
      () => ciphers.kindOf(first, RELAY_HOPS_MAX),
      () => ciphers.extend(circuits[1]!, 'cgo', counting(72, 1)),
    ];
    for (const action of wrong) assert.is(errorCode(action), 'RangeError');
    ciphers.send(first, 7, FREE_START, RELAY);
    for (const circuit of circuits) ciphers.close(circuit);
    assert.is(ciphers.openCount, 0);
    assert.is(
      errorCode(() => ciphers.hopCount(first)),
      'RangeError',
    );
    const states = bytes.slice(at + 64 * SHAPE.cellCountMax, at + byteLength);
    assert.ok(states.every((byte) => byte === 0));
  });
}

suite('makes what was chosen, in room that is enough for either twin', () => {
  for (const twin of ['wasm', 'native'] as const) {
    const kernels = kernelsOver('plain', 8 << 20);
    const choice = choiceOfOne(twin);
    let offset = SLAB_START;
    for (const kind of ['tor1', 'cgo'] as const) {
      const ciphers = createRelayCiphers(kind, { ...SHAPE, offset }, kernels, choice);
      assert.is(ciphers.kind, kind);
      assert.is(ciphers.twin, kind === 'cgo' ? 'wasm' : twin);
      offset += relayCiphersBytes(kind, SHAPE, kernels);
      assert.is(offset % 64, 0);
    }
    assert.is(createClientCiphers({ ...SHAPE, offset }, kernels, choice).twin, twin);
    assert.ok(offset + clientCiphersBytes(SHAPE, kernels) <= kernels.bytes.length);
  }
});

suite.run();
