// Aim: whatever cells of whatever circuits come in whatever order and grouping, relays and clients do what
// straightforward code over node:crypto does: bytes, outcomes, tags of SENDMEs.
import fc from 'fast-check';
import { suite as uvuSuite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  OUTCOME_NOBODY,
  OUTCOME_PASS,
  OUTCOME_RECOGNISED,
  RELAY_KEY_BYTES,
  type RelayCipherKind,
} from '../../engine/kernels/relay-cells.ts';
import { FREE_START, toHex } from './kernel-memory.ts';
import { type ReferenceDirection, referenceHop } from './relay-reference.ts';
import { MAKERS, Places, type RelayMaker } from './relay-twins.ts';

const suite = uvuSuite('relay cell properties');

const CIRCUITS = 4;
const CELLS_MAX = 24;
const RUNS = 25;
const BODY_BYTES = 509;

/** Bytes that look random, from a number. */
function noise(seed: number, byteLength: number): Uint8Array {
  let x = (seed * 2654435761 + 12345) >>> 0;
  return Uint8Array.from({ length: byteLength }, () => {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    return x >>> 24;
  });
}

interface Step {
  readonly circuit: number;
  /** At a relay: forward for it, forward for another, backward, originate. At a client: send, or from a hop or none. */
  readonly what: number;
  readonly hop: number;
  readonly early: boolean;
  readonly gap: number;
  readonly run: boolean;
}

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    circuit: fc.nat(CIRCUITS - 1),
    what: fc.nat(3),
    hop: fc.nat(7),
    early: fc.boolean(),
    gap: fc.nat(9),
    run: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
  }),
  { minLength: 1, maxLength: 60 },
);

/** What a cell of a run should come to. */
interface Wanted {
  readonly at: number;
  readonly body: Uint8Array;
  readonly outcome: number;
  readonly tag: Uint8Array | undefined;
}

/** Compares what lies in memory with what should, after a run. */
function settle(
  wanted: Wanted[],
  bytes: Uint8Array,
  ciphers: { readonly outcomes: Uint8Array; readTag(i: number, out: Uint8Array): number },
): void {
  wanted.forEach(({ at, body, outcome, tag }, i) => {
    assert.is(ciphers.outcomes[i], outcome, `outcome of cell ${i}`);
    assert.is(toHex(bytes.slice(at, at + BODY_BYTES)), toHex(body), `cell ${i}`);
    if (tag === undefined) return;
    const out = new Uint8Array(20);
    const length = ciphers.readTag(i, out);
    assert.is(toHex(out.subarray(0, length)), toHex(tag), `tag of cell ${i}`);
  });
  wanted.length = 0;
}

/** The client's end of one hop, by which cells for the relay are made and those from it are understood. */
function relayAgainstReference(maker: RelayMaker, kind: RelayCipherKind, list: Step[]): void {
  const places = new Places(maker);
  const { bytes } = places.kernels;
  const { ciphers } = places.relay(kind, {
    capacity: CIRCUITS,
    cellCountMax: CELLS_MAX,
    ...(kind === 'tor1' ? { aheadCellsMax: 3 } : {}),
  });
  const circuits = Array.from({ length: CIRCUITS }, (_, i) => {
    const keys = noise(i, RELAY_KEY_BYTES[kind]);
    const id = ciphers.open(keys);
    return { id, client: referenceHop(kind, keys), relay: referenceHop(kind, keys) };
  });
  const wanted: Wanted[] = [];
  let at = FREE_START;
  const finish = (): void => {
    ciphers.run();
    settle(wanted, bytes, ciphers);
    at = FREE_START;
  };
  list.forEach((step, i) => {
    const { id, client, relay } = circuits[step.circuit]!;
    const command = step.early ? 9 : 3;
    const body = noise(i + 1000, BODY_BYTES);
    // Some for another hop look at first as if they were for this one.
    if (step.what === 1 && step.hop < 4) body.fill(0, 1, 3);
    if (step.what < 2) client.forward.clientSend(body, command, step.what === 0);
    at += step.gap;
    bytes.set(body, at);
    let outcome = OUTCOME_PASS;
    let tag: Uint8Array | undefined;
    if (step.what < 2) {
      ciphers.forward(id, at, command);
      tag = relay.forward.relayForward(body, command);
      if (tag !== undefined) outcome = OUTCOME_RECOGNISED;
      assert.is(outcome, step.what === 0 ? OUTCOME_RECOGNISED : OUTCOME_PASS, 'the references agree');
    } else if (step.what === 2) {
      ciphers.backward(id, at, command);
      relay.backward.relay(body, command, false);
    } else {
      ciphers.originate(id, at, command);
      tag = relay.backward.relay(body, command, true);
    }
    wanted.push({ at, body, outcome, tag });
    at += BODY_BYTES;
    if (step.run || ciphers.full) finish();
  });
  finish();
}

function clientAgainstReference(maker: RelayMaker, kinds: RelayCipherKind[], list: Step[]): void {
  const places = new Places(maker);
  const { bytes } = places.kernels;
  const { ciphers } = places.client({ capacity: CIRCUITS, cellCountMax: CELLS_MAX, aheadCellsMax: 3 });
  const circuits = Array.from({ length: CIRCUITS }, (_, i) => {
    const id = ciphers.open();
    const hops = kinds.map((kind, hop) => {
      const keys = noise(100 * i + hop, RELAY_KEY_BYTES[kind]);
      assert.is(ciphers.extend(id, kind, keys), hop);
      return { client: referenceHop(kind, keys), relay: referenceHop(kind, keys) };
    });
    return { id, hops };
  });
  const wanted: Wanted[] = [];
  let at = FREE_START;
  const finish = (): void => {
    ciphers.run();
    settle(wanted, bytes, ciphers);
    at = FREE_START;
  };
  list.forEach((step, i) => {
    const { id, hops } = circuits[step.circuit]!;
    const command = step.early ? 9 : 3;
    const hop = step.hop % hops.length;
    const body = noise(i + 1000, BODY_BYTES);
    const begins = step.what !== 1;
    if (step.what === 0) {
      bytes.set(body, at + step.gap);
      at += step.gap;
      ciphers.send(id, hop, at, command);
      let tag: Uint8Array | undefined;
      for (let layer = hop; layer >= 0; layer -= 1) {
        const made = hops[layer]!.client.forward.clientSend(body, command, layer === hop);
        if (layer === hop) tag = made;
      }
      wanted.push({ at, body, outcome: hop, tag });
    } else {
      // From a hop, or damaged on its way.
      for (let layer = hop; layer >= 0; layer -= 1) {
        hops[layer]!.relay.backward.relay(body, command, begins && layer === hop);
      }
      at += step.gap;
      bytes.set(body, at);
      ciphers.receive(id, at, command);
      wanted.push({ at, body, ...peeled(hops, body, command) });
    }
    at += BODY_BYTES;
    if (step.run || ciphers.full) finish();
  });
  finish();
}

function peeled(
  hops: readonly { readonly client: { readonly backward: ReferenceDirection } }[],
  body: Uint8Array,
  command: number,
): { readonly outcome: number; readonly tag: Uint8Array | undefined } {
  for (const [hop, { client }] of hops.entries()) {
    const tag = client.backward.clientReceive(body, command);
    if (tag !== undefined) return { outcome: hop, tag };
  }
  return { outcome: OUTCOME_NOBODY, tag: undefined };
}

for (const maker of MAKERS) {
  for (const kind of ['tor1', 'cgo'] as const) {
    suite(`${maker.name}: ${kind} at a relay`, () => {
      fc.assert(
        fc.property(steps, (list) => relayAgainstReference(maker, kind, list)),
        { numRuns: kind === 'cgo' ? 3 : RUNS },
      );
    });
  }
  suite(`${maker.name}: tor1 at a client`, () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 8 }), (list, hops) =>
        clientAgainstReference(maker, new Array<RelayCipherKind>(hops).fill('tor1'), list),
      ),
      { numRuns: RUNS },
    );
  });
  suite(`${maker.name}: hops of both kinds at a client`, () => {
    const kinds = fc.array(fc.constantFrom<RelayCipherKind>('tor1', 'cgo'), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(steps, kinds, (list, mixed) => clientAgainstReference(maker, mixed, list)),
      { numRuns: 2 },
    );
  });
}

suite.run();
