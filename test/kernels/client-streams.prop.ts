// Aim: a client whose key stream of CGO comes from OpenSSL takes off the same layers as one whose kernel makes it, whichever hop
// cells come from, also with tor1 between, with cells that nobody sent and with cells to send, and leaves no key stream behind.
import fc from 'fast-check';
import { suite as uvuSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { OUTCOME_NOBODY, RELAY_BODY_BYTES, RELAY_KEY_BYTES } from '../../engine/kernels/relay-cells.ts';
import { FLAVOURS, FREE_START } from './kernel-memory.ts';
import { Places } from './relay-twins.ts';

const suite = uvuSuite('counter galois onion, streams of a client');

const COMMAND = 3;
const CELLS_MAX = 40;
const STREAM_BYTES = 496;
const RUNS = 10;
/** The last circuit has a hop with the other cipher. */
const PATHS = [
  ['cgo', 'cgo', 'cgo'],
  ['cgo', 'cgo', 'cgo'],
  ['cgo', 'tor1', 'cgo'],
] as const;

/** Mostly cells from the last hop, so that the hops before it settle. */
const cell = fc.record({
  circuit: fc.nat(2),
  what: fc.oneof(
    { weight: 40, arbitrary: fc.constant(2) },
    { weight: 2, arbitrary: fc.constant(1) },
    { weight: 2, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.constant('forged' as const) },
    { weight: 1, arbitrary: fc.constant('sent' as const) },
  ),
  fill: fc.nat(255),
});
type Cell = typeof cell extends fc.Arbitrary<infer T> ? T : never;

function keysOf(seed: number, byteLength: number): Uint8Array {
  return Uint8Array.from({ length: byteLength }, (_, i) => (seed * 97 + i * 31 + ((i * seed) >> 3)) & 0xff);
}

function circuitsOf(places: Places) {
  const client = places.client({ capacity: 3, cellCountMax: CELLS_MAX });
  const ciphers = {
    cgo: places.relay('cgo', { capacity: 9, cellCountMax: CELLS_MAX }).ciphers,
    tor1: places.relay('tor1', { capacity: 3, cellCountMax: CELLS_MAX }).ciphers,
  };
  const circuits = PATHS.map((path, number) => {
    const at = client.ciphers.open();
    const hops = path.map((kind, hop) => {
      const keys = keysOf(7 * number + hop, RELAY_KEY_BYTES[kind]);
      client.ciphers.extend(at, kind, keys);
      return { relay: ciphers[kind], at: ciphers[kind].open(keys) };
    });
    return { at, hops };
  });
  return { client, circuits };
}

/** One after the other, all batches through relays to the client; what came of it. */
function received(places: Places, batches: readonly (readonly Cell[])[]): string[] {
  const { bytes } = places.kernels;
  const { client, circuits } = circuitsOf(places);
  const { ciphers } = client;
  const spoilt = new Set<number>();
  const out: string[] = [];
  const tag = new Uint8Array(20);
  for (const batch of batches) {
    batch.forEach(({ circuit, what, fill }, i) => {
      const at = FREE_START + i * RELAY_BODY_BYTES;
      bytes.fill(fill, at, at + RELAY_BODY_BYTES);
      for (let hop = typeof what === 'number' ? what : -1; hop >= 0; hop -= 1) {
        const { relay, at: id } = circuits[circuit]!.hops[hop]!;
        relay[hop === what ? 'originate' : 'backward'](id, at, COMMAND);
        relay.run();
      }
    });
    batch.forEach(({ circuit, what }, i) => {
      const at = FREE_START + i * RELAY_BODY_BYTES;
      if (what === 'sent') ciphers.send(circuits[circuit]!.at, 2, at, COMMAND);
      else ciphers.receive(circuits[circuit]!.at, at, COMMAND);
    });
    ciphers.run();
    batch.forEach(({ circuit, what }, i) => {
      const at = FREE_START + i * RELAY_BODY_BYTES;
      const outcome = ciphers.outcomes[i]!;
      if (what === 'forged') spoilt.add(circuit);
      else if (what !== 'sent' && !spoilt.has(circuit)) assert.is(outcome, what, `cell ${i}`);
      const hasTag = outcome !== OUTCOME_NOBODY;
      const body = Buffer.from(bytes.subarray(at, at + RELAY_BODY_BYTES)).toString('hex');
      out.push(
        hasTag ? `${body} ${Buffer.from(tag.subarray(0, ciphers.readTag(i, tag))).toString('hex')}` : body,
      );
    });
  }
  for (const { at } of circuits) ciphers.close(at);
  const end = client.at + client.byteLength;
  out.push(String(bytes.subarray(end - CELLS_MAX * STREAM_BYTES, end).some((byte) => byte !== 0)));
  return out;
}

function settling(circuit: number): Cell[] {
  return Array.from({ length: CELLS_MAX }, (_, i) => ({ circuit, what: 2, fill: i }));
}

for (const flavour of FLAVOURS) {
  suite(`the twins agree, ${flavour}`, () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(cell, { minLength: 1, maxLength: CELLS_MAX }), { maxLength: 5 }),
        (drawn) => {
          const batches = [...[0, 1, 2].map(settling), ...drawn];
          const [native, wasm] = (['native', 'wasm'] as const).map((twin) =>
            received(new Places({ name: `${twin}, ${flavour}`, flavour, twin }), batches),
          );
          assert.equal(native, wasm);
          assert.is(native!.at(-1), 'false', 'key stream is wiped');
        },
      ),
      { numRuns: RUNS, seed: 5 },
    );
  });
}

suite.run();
