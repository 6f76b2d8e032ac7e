import { MseAnswerer } from '../../../../engine/bittorrent/mse/answerer.ts';
import { MseCaller } from '../../../../engine/bittorrent/mse/caller.ts';
import { MseCiphers } from '../../../../engine/bittorrent/mse/ciphers.ts';
import { TorrentTable } from '../../../../engine/bittorrent/mse/torrent-table.ts';
import type {
  MethodName,
  MseHandshake,
  MseResult,
  MseStep,
} from '../../../../engine/bittorrent/mse/types.ts';
import { Slab } from '../../../../engine/kernels/slab.ts';
import type { Random } from '../../../../engine/runtime/port.ts';
import { seededRandom } from '../../support/seeded-random.ts';

export const INFO_HASH = new Uint8Array(20).fill(7);

export interface Kit {
  readonly slab: Slab;
  readonly random: Random;
  readonly ciphers: MseCiphers;
  caller(methods: readonly MethodName[], initialPayload?: Uint8Array, infoHash?: Uint8Array): MseCaller;
  answerer(methods: readonly MethodName[]): MseAnswerer;
}

/** Both sides of a handshake over one slab; the answerer has {@link INFO_HASH} and a thousand other torrents. */
export function mseKit(seed: number, slotCount = 8): Kit {
  const slab = new Slab({ slotCount, threadCountMax: 1 });
  const ciphers = new MseCiphers({ slab });
  const modules = { random: seededRandom(seed), openCipher: (key: Uint8Array) => ciphers.open(key) };
  const table = new TorrentTable();
  for (let index = 0; index < 1000; index++) {
    const other = new Uint8Array(20);
    other[0] = index >> 8;
    other[1] = index;
    table.add(other);
  }
  table.add(INFO_HASH);
  return {
    slab,
    random: modules.random,
    ciphers,
    caller: (methods, initialPayload = new Uint8Array(0), infoHash = INFO_HASH) =>
      new MseCaller({ infoHash, methods, initialPayload }, modules),
    answerer: (methods) =>
      new MseAnswerer({ methods }, { ...modules, findTorrent: (hash) => table.find(hash) }),
  };
}

/** How both sides ended. */
export interface Outcome {
  readonly caller: MseResult | string | undefined;
  readonly answerer: MseResult | string | undefined;
}

/** Lets two sides talk, in parts of `partBytes`; `change` may alter what either has sent. */
export function talk(
  caller: MseHandshake,
  answerer: MseHandshake,
  partBytes = 65_536,
  change: (from: 'caller' | 'answerer', bytes: Uint8Array) => Uint8Array = (_from, bytes) => bytes,
): Outcome {
  const outcome: { caller: MseResult | string | undefined; answerer: MseResult | string | undefined } = {
    caller: undefined,
    answerer: undefined,
  };
  const queue: { to: 'caller' | 'answerer'; bytes: Uint8Array }[] = [
    { to: 'answerer', bytes: change('caller', caller.start()) },
  ];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const { to, bytes } = next;
    for (let at = 0; at < bytes.length; at += partBytes) {
      const part = bytes.subarray(at, at + partBytes);
      if (outcome[to] !== undefined) {
        const result = outcome[to];
        if (typeof result === 'object') outcome[to] = more(result, part);
        continue;
      }
      const step: MseStep = (to === 'caller' ? caller : answerer).take(part.slice());
      if (step.kind === 'fault') {
        outcome[to] = step.fault;
        break;
      }
      if (step.kind === 'done') outcome[to] = step.result;
      if (step.send.length > 0) {
        queue.push({ to: to === 'caller' ? 'answerer' : 'caller', bytes: change(to, step.send) });
      }
    }
  }
  return outcome;
}

/** What comes after the end of the handshake, as its stream would read it. */
function more(result: MseResult, part: Uint8Array): MseResult {
  const bytes = part.slice();
  const hidden = Math.min(bytes.length, result.decryptBytes);
  if (hidden > 0) result.decrypt!.crypt(bytes, hidden);
  const decryptBytes = result.decryptBytes - hidden;
  if (decryptBytes === 0) result.decrypt?.close();
  return { ...result, decryptBytes, rest: Uint8Array.of(...result.rest, ...bytes) };
}

/** Gives back whatever an outcome holds. */
export function release(outcome: Outcome): void {
  for (const side of [outcome.caller, outcome.answerer]) {
    if (typeof side !== 'object') continue;
    side.encrypt?.close();
    side.decrypt?.close();
  }
}
