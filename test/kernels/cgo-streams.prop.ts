// Aim: a relay whose key stream of CGO comes from OpenSSL gives the same cells, outcomes and tags as one whose kernel makes it,
// however cells to pass on, cells for it and cells from it follow each other, and leaves no key stream behind.
import fc from 'fast-check';
import { suite as uvuSuite } from 'uvu';
import * as assert from 'uvu/assert';
import { RELAY_BODY_BYTES } from '../../engine/kernels/relay-cells.ts';
import { FLAVOURS, FREE_START } from './kernel-memory.ts';
import { Places } from './relay-twins.ts';

const suite = uvuSuite('counter galois onion, streams');

const COMMAND = 3;
const KEY_BYTES = 160;
const CELLS_MAX = 40;
const SHAPE = { capacity: 3, cellCountMax: CELLS_MAX };
/** Behind this many cells a direction is certainly settled. */
const SETTLING_CELLS = 40;
const RUNS = 12;

/** Mostly cells to pass on, so that directions settle between renewals. */
const cell = fc.record({
  circuit: fc.nat(2),
  what: fc.oneof(
    { weight: 12, arbitrary: fc.constant('pass' as const) },
    { weight: 8, arbitrary: fc.constant('backward' as const) },
    { weight: 1, arbitrary: fc.constant('here' as const) },
    { weight: 1, arbitrary: fc.constant('originate' as const) },
  ),
  fill: fc.nat(255),
});
type Cell = typeof cell extends fc.Arbitrary<infer T> ? T : never;

function keysOf(seed: number): Uint8Array {
  return Uint8Array.from({ length: KEY_BYTES }, (_, i) => (seed * 97 + i * 31 + ((i * seed) >> 3)) & 0xff);
}

/** One after the other, all batches through a relay; what came of it. */
function relayed(places: Places, batches: readonly (readonly Cell[])[]): string[] {
  const { bytes } = places.kernels;
  const client = places.client(SHAPE).ciphers;
  const relay = places.relay('cgo', SHAPE);
  const circuits = [0, 1, 2].map((number) => {
    const circuit = client.open();
    for (const hop of [0, 1]) client.extend(circuit, 'cgo', keysOf(7 * number + hop));
    return { circuit, at: relay.ciphers.open(keysOf(7 * number)) };
  });
  const out: string[] = [];
  const tag = new Uint8Array(16);
  for (const batch of batches) {
    batch.forEach(({ circuit, what, fill }, i) => {
      const at = FREE_START + i * RELAY_BODY_BYTES;
      bytes.fill(fill, at, at + RELAY_BODY_BYTES);
      const hop = what === 'here' ? 0 : 1;
      if (what === 'here' || what === 'pass') client.send(circuits[circuit]!.circuit, hop, at, COMMAND);
    });
    client.run();
    batch.forEach(({ circuit, what }, i) => {
      const method = what === 'here' || what === 'pass' ? 'forward' : what;
      relay.ciphers[method](circuits[circuit]!.at, FREE_START + i * RELAY_BODY_BYTES, COMMAND);
    });
    relay.ciphers.run();
    batch.forEach(({ what }, i) => {
      const at = FREE_START + i * RELAY_BODY_BYTES;
      const outcome = relay.ciphers.outcomes[i]!;
      assert.is(outcome, what === 'here' ? 1 : 0, `${what}, cell ${i}`);
      const tagged = what === 'here' || what === 'originate';
      if (tagged) relay.ciphers.readTag(i, tag);
      const body = Buffer.from(bytes.subarray(at, at + RELAY_BODY_BYTES)).toString('hex');
      out.push(tagged ? `${body} ${Buffer.from(tag).toString('hex')}` : body);
    });
  }
  for (const { at } of circuits) relay.ciphers.close(at);
  const streamAt = relay.at + relay.byteLength - CELLS_MAX * 496;
  out.push(String(bytes.subarray(streamAt, relay.at + relay.byteLength).some((byte) => byte !== 0)));
  return out;
}

function settling(circuit: number): Cell[] {
  return Array.from({ length: SETTLING_CELLS }, (_, i) => ({
    circuit,
    what: i % 2 === 0 ? 'pass' : 'backward',
    fill: i,
  }));
}

for (const flavour of FLAVOURS) {
  suite(`the twins agree, ${flavour}`, () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(cell, { minLength: 1, maxLength: CELLS_MAX }), { maxLength: 5 }),
        (drawn) => {
          const batches = [...[0, 1, 2].map(settling), ...drawn];
          const [native, wasm] = (['native', 'wasm'] as const).map((twin) =>
            relayed(new Places({ name: `${twin}, ${flavour}`, flavour, twin }), batches),
          );
          assert.equal(native, wasm);
          assert.is(native!.at(-1), 'false', 'key stream is wiped');
        },
      ),
      { numRuns: RUNS, seed: 3 },
    );
  });
}

suite.run();
