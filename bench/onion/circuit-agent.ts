/**
 * Builds circuits with the client of Allium and says how long each took, a process of its own. Takes a file of JSON,
 * the paths by name, each the server descriptors of its relays; then one order a line on standard input,
 * `{"path", "count", "inFlight"}`; answers with `{"milliseconds", "failed", "seconds"}`.
 */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { choiceOfOne } from '../../engine/kernels/choice.ts';
import { scratchOffset } from '../../engine/kernels/memory-map.ts';
import { loadKernels } from '../../engine/kernels/module.ts';
import { Slab } from '../../engine/kernels/slab.ts';
import { buildCircuit } from '../../engine/onion/client/builder.ts';
import { hexBytes } from '../../engine/onion/client/bytes.ts';
import type { ClientCircuit } from '../../engine/onion/client/circuit.ts';
import type { HopPlan } from '../../engine/onion/client/circuit-types.ts';
import { linkConnector } from '../../engine/onion/client/connector.ts';
import { leaseCiphers } from '../../engine/onion/client/leased-ciphers.ts';
import { ClientLinks } from '../../engine/onion/client/links.ts';
import { parseServerDescriptor } from '../../engine/onion/directory/server-descriptor.ts';
import { CellMemory } from '../../engine/onion/link/cell-memory.ts';
import { createLinkStats } from '../../engine/onion/link/stats.ts';
import { BuildTimeouts } from '../../engine/onion/path/build-timeout.ts';
import { buildTimeoutParams } from '../../engine/onion/path/build-timeout-params.ts';
import { createRealRuntime } from '../../engine/runtime/real/runtime.ts';

interface Order {
  readonly path: string;
  readonly count: number;
  readonly inFlight: number;
}

const CIRCUITS_MAX = 400;
const SLOT_COUNT = 8192;
const TIMEOUT_MS = 20_000;

const runtime = createRealRuntime();
const slab = new Slab({ slotCount: SLOT_COUNT, threadCountMax: 1 });
const kernels = loadKernels({ memory: slab.memory, scratchOffset: scratchOffset(slab.takeThread()) });
const { ciphers } = leaseCiphers(
  { circuits: CIRCUITS_MAX },
  { slab, kernels, choice: choiceOfOne('native') },
);
const connect = linkConnector({ runtime, memory: new CellMemory({}, { slab }), stats: createLinkStats() });
const { clock, random } = runtime;
const links = new ClientLinks(
  { allowPrivateAnswers: true },
  { slab, ciphers, clock, random, clockHealth: { isStalled: false }, connect },
);
const timeouts = new BuildTimeouts(buildTimeoutParams(new Map()), { floorMs: TIMEOUT_MS });

function planOf(descriptor: string): HopPlan {
  const parsed = parseServerDescriptor(Buffer.from(descriptor, 'latin1'), Date.now());
  if (!parsed.ok) throw new Error(parsed.reason);
  const { nickname, fingerprint, host, orPort: port, ed25519Id, ntorOnionKey: onionKey } = parsed.value;
  const target = { ipv4: { host, port }, ipv6: undefined, rsaId: hexBytes(fingerprint), ed25519Id };
  const wishes = { congestionControl: true, cgo: true };
  return { nickname, fingerprint, host, port, ed25519Id, onionKey, wishes, target };
}

/** How long it took, milliseconds; undefined: it failed. */
function build(plans: readonly HopPlan[], made: ClientCircuit[]): Promise<number | undefined> {
  return new Promise((resolve) => {
    const beganMs = performance.now();
    const circuit = buildCircuit(
      plans,
      new Map(),
      { links, clock, timeouts },
      {
        onTooSlow: () => resolve(undefined),
        onBuilt: () => resolve(performance.now() - beganMs),
        onClosed: () => resolve(undefined),
      },
    );
    made.push(circuit);
  });
}

async function obey(plans: readonly HopPlan[], order: Order): Promise<object> {
  const milliseconds: number[] = [];
  const made: ClientCircuit[] = [];
  let begun = 0;
  const one = async (): Promise<void> => {
    while (begun < order.count) {
      begun += 1;
      const took = await build(plans, made);
      if (took !== undefined) milliseconds.push(took);
    }
  };
  const beganMs = performance.now();
  await Promise.all(Array.from({ length: order.inFlight }, one));
  const seconds = (performance.now() - beganMs) / 1000;
  for (const circuit of made) circuit.close('done');
  return { milliseconds, failed: order.count - milliseconds.length, seconds };
}

const paths = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Record<string, readonly string[]>;
const plansOf = new Map(Object.entries(paths).map(([name, texts]) => [name, texts.map(planOf)]));
const orders = createInterface({ input: process.stdin });
process.stdout.write('ready\n');
for await (const line of orders) {
  const order = JSON.parse(line) as Order;
  process.stdout.write(`${JSON.stringify(await obey(plansOf.get(order.path) ?? [], order))}\n`);
}
process.exit(0);
