import { createCipheriv, createHash, type Hash, randomBytes } from 'node:crypto';
import { CgoRelayCiphers } from '../../engine/kernels/cgo-relay.ts';
import type { Twin } from '../../engine/kernels/lane-hasher.ts';
import { createKernelMemory, SLAB_START, scratchOffset } from '../../engine/kernels/memory-map.ts';
import { type Kernels, loadKernels } from '../../engine/kernels/module.ts';
import { RELAY_BODY_BYTES, RELAY_KEY_BYTES, type RelayCiphers } from '../../engine/kernels/relay-cells.ts';
import { LayeredClientCiphers } from '../../engine/kernels/relay-client.ts';
import { Tor1RelayCiphers } from '../../engine/kernels/relay-tor1.ts';
import type { Contest } from './contest.ts';

const CIRCUITS = 64;
const HOPS = 3;
const CELL_BYTES = 514;
const HEADER_BYTES = 5;
/** As many cells as one read of 64 KiB holds. */
const BATCH_CELLS = 127;
const COMMAND_RELAY = 3;
const CIPHERS_AT = SLAB_START + (1 << 17);
const OPTIONS = { capacity: CIRCUITS, cellCountMax: BATCH_CELLS, offset: CIPHERS_AT };

/** Cells of a round: so many that a round takes 1000 µs at the speed to reach. */
export const TOR1_ROUND_CELLS = 2500;
const CGO_ROUND_CELLS = 200;
const CLIENT_ROUND_CELLS = 250;

function freshKernels(): Kernels {
  return loadKernels({ memory: createKernelMemory(64 << 20), scratchOffset: scratchOffset(0) });
}

function bodyOf(cell: number): number {
  return SLAB_START + cell * CELL_BYTES + HEADER_BYTES;
}

/** Does `cells` cells of all circuits in turn, in batches. */
function relayRound(ciphers: RelayCiphers, cells: number): () => void {
  const circuits = Array.from({ length: CIRCUITS }, () =>
    ciphers.open(randomBytes(RELAY_KEY_BYTES[ciphers.kind])),
  );
  let next = 0;
  return () => {
    for (let left = cells; left > 0; left -= BATCH_CELLS) {
      const batch = Math.min(left, BATCH_CELLS);
      for (let cell = 0; cell < batch; cell += 1) {
        ciphers.forward(circuits[next]!, bodyOf(cell), COMMAND_RELAY);
        next = (next + 1) % CIRCUITS;
      }
      ciphers.run();
    }
  };
}

/** One layer and the recognised check for {@link TOR1_ROUND_CELLS} cells. */
export function tor1Round(twin: Twin): () => void {
  return relayRound(new Tor1RelayCiphers(OPTIONS, { kernels: freshKernels(), twin }), TOR1_ROUND_CELLS);
}

/** One call of `node:crypto` for each cell. */
function tor1Rival(): () => void {
  const { bytes } = freshKernels();
  const ciphers = Array.from({ length: CIRCUITS }, () =>
    createCipheriv('aes-128-ctr', randomBytes(16), new Uint8Array(16)),
  );
  let recognised = 0;
  return () => {
    for (let cell = 0; cell < TOR1_ROUND_CELLS; cell += 1) {
      const at = bodyOf(cell % BATCH_CELLS);
      const body = ciphers[cell % CIRCUITS]!.update(bytes.subarray(at, at + RELAY_BODY_BYTES));
      bytes.set(body, at);
      if (body[1] === 0 && body[2] === 0) recognised += 1;
    }
    if (recognised < 0) throw new Error('counted wrongly');
  };
}

/** What `node:crypto` can do of CGO: AES of the tag, and a new cipher for the rest. POLYVAL is left out for it. */
function cgoRival(): () => void {
  const { bytes } = freshKernels();
  const keys = Array.from({ length: CIRCUITS }, () => randomBytes(16));
  const blocks = keys.map((key) => createCipheriv('aes-128-ecb', key, null));
  return () => {
    for (let cell = 0; cell < CGO_ROUND_CELLS; cell += 1) {
      const at = bodyOf(cell % BATCH_CELLS);
      const tag = blocks[cell % CIRCUITS]!.update(bytes.subarray(at, at + 16));
      const rest = createCipheriv('aes-128-ctr', keys[cell % CIRCUITS]!, tag);
      bytes.set(tag, at);
      bytes.set(rest.update(bytes.subarray(at + 16, at + RELAY_BODY_BYTES)), at + 16);
    }
  };
}

function clientRound(twin: Twin): () => void {
  const ciphers = new LayeredClientCiphers(OPTIONS, { kernels: freshKernels(), twin });
  const circuits = Array.from({ length: CIRCUITS }, () => {
    const circuit = ciphers.open();
    for (let hop = 0; hop < HOPS; hop += 1)
      ciphers.extend(circuit, 'tor1', randomBytes(RELAY_KEY_BYTES.tor1));
    return circuit;
  });
  return () => {
    for (let done = 0; done < CLIENT_ROUND_CELLS; done += 1) {
      const body = bodyOf(done % BATCH_CELLS);
      ciphers.send(circuits[done % CIRCUITS]!, HOPS - 1, body, COMMAND_RELAY);
      if (ciphers.full) ciphers.run();
    }
    ciphers.run();
  };
}

/** One call of `node:crypto` for each layer, and update, copy, digest. */
function clientRival(): () => void {
  const { bytes } = freshKernels();
  const circuits = Array.from({ length: CIRCUITS }, () => ({
    digest: createHash('sha1').update(randomBytes(20)) as Hash,
    layers: Array.from({ length: HOPS }, () =>
      createCipheriv('aes-128-ctr', randomBytes(16), new Uint8Array(16)),
    ),
  }));
  return () => {
    for (let cell = 0; cell < CLIENT_ROUND_CELLS; cell += 1) {
      const { digest, layers } = circuits[cell % CIRCUITS]!;
      const at = bodyOf(cell % BATCH_CELLS);
      const body = bytes.subarray(at, at + RELAY_BODY_BYTES);
      body.fill(0, 5, 9);
      digest.update(body);
      body.set(digest.copy().digest().subarray(0, 4), 5);
      let layered: Uint8Array = body;
      for (const layer of layers) layered = layer.update(layered);
      body.set(layered);
    }
  };
}

/** Ciphers for relay cells, with the twin that was chosen, against what `node:crypto` does call by call. */
export function relayContests(twin: Twin): Contest[] {
  const kernels = freshKernels();
  const choice = twin === 'wasm' ? `wasm (${kernels.flavour})` : 'native, key stream ahead';
  return [
    {
      what: `tor1 relay, ${TOR1_ROUND_CELLS} cells (2.5 million/s: 1000 µs)`,
      target: 3,
      choice,
      ours: tor1Round(twin),
      rival: tor1Rival(),
    },
    {
      what: `cgo relay, ${CGO_ROUND_CELLS} cells (200,000/s: 1000 µs)`,
      target: 1,
      choice: `wasm (${kernels.flavour})`,
      ours: relayRound(new CgoRelayCiphers(OPTIONS, { kernels, stream: twin }), CGO_ROUND_CELLS),
      rival: cgoRival(),
    },
    {
      what: `tor1 client, ${CLIENT_ROUND_CELLS} cells × 3 layers and digest`,
      target: 3,
      choice,
      ours: clientRound(twin),
      rival: clientRival(),
    },
  ];
}
