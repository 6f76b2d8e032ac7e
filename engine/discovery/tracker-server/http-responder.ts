import { addressText } from '../../codec/address.ts';
import { encodeBencode } from '../../codec/bencode.ts';
import type { Clock, Endpoint, Random } from '../../runtime/port.ts';
import type { AnnounceGate } from './announce-gate.ts';
import { EndpointHalves } from './endpoint-halves.ts';
import { type HttpAnnounce, type HttpScrape, readTrackerRequest } from './http-request.ts';
import type { RateGuard } from './rate-guard.ts';
import type { Tracker } from './tracker.ts';
import type { TrackerCounts } from './tracker-counts.ts';

export interface HttpResponderModules {
  readonly clock: Clock;
  readonly random: Random;
  readonly tracker: Tracker;
  readonly guard: RateGuard;
  readonly counts: TrackerCounts;
  readonly gate: AnnounceGate | undefined;
}

const IPV6_ENDPOINT_BYTES = 18;

/** Answers announces and scrapes over HTTP (BEP 3, 7, 23, 24, 31, 48). */
export class HttpResponder {
  readonly #modules: HttpResponderModules;
  readonly #endpoints = new EndpointHalves();
  readonly #peers: Uint16Array<ArrayBuffer>;

  constructor(modules: HttpResponderModules) {
    this.#modules = modules;
    const { answerPeersMax } = modules.tracker.options;
    this.#peers = new Uint16Array((answerPeersMax * IPV6_ENDPOINT_BYTES) / 2 + IPV6_ENDPOINT_BYTES);
  }

  /** `path`: path and query. The body of the answer, bencoded; undefined when that is no question to a tracker. */
  answer(path: string, from: Endpoint): Uint8Array | undefined {
    const { counts, guard, clock } = this.#modules;
    const question = readTrackerRequest(path);
    if (question.kind === 'other') return undefined;
    if (question.kind === 'refused') {
      counts.malformed++;
      return failure(question.reason);
    }
    const port = question.kind === 'announce' ? question.port : 1;
    const endpoint = this.#endpoints.of({ host: from.host, port });
    if (endpoint === undefined) return failure('no address');
    const nowMs = clock.now();
    if (!guard.admits(endpoint, nowMs)) return failure('too many requests from this address', 1);
    return question.kind === 'announce'
      ? this.#announce(question, path, endpoint, nowMs)
      : this.#scrape(question);
  }

  #announce(question: HttpAnnounce, path: string, endpoint: Uint16Array, nowMs: number): Uint8Array {
    const { tracker, counts, random, gate } = this.#modules;
    const { infoHash, isCompact } = question;
    const announce = { ...question, hashBytes: infoHash, hashAt: 0, endpoint };
    const refusal = gate?.check({ ...announce, urlData: path });
    if (refusal !== undefined) {
      counts.refused++;
      return failure(refusal);
    }
    counts.httpAnnounces++;
    const count = tracker.announce(
      { ...announce, isSeed: question.left === 0 },
      Math.floor(nowMs / 1000),
      this.#peers,
      0,
    );
    const bytesEach = 2 * endpoint.length;
    const peers = new Uint8Array(this.#peers.buffer, 0, count * bytesEach);
    return encodeBencode({
      complete: tracker.complete,
      incomplete: tracker.incomplete,
      downloaded: tracker.downloaded,
      interval: tracker.intervalSec(random.below(256) / 256),
      // BEP 24.
      'external ip': new Uint8Array(endpoint.buffer, 0, bytesEach - 2),
      ...(isCompact ? compactPeers(peers, bytesEach) : { peers: dictionaryPeers(peers, bytesEach) }),
    });
  }

  #scrape(question: HttpScrape): Uint8Array {
    const { tracker, counts } = this.#modules;
    counts.httpScrapes++;
    const files = new Map<string, { complete: number; downloaded: number; incomplete: number }>();
    for (const hash of question.infoHashes) {
      if (!tracker.scrape(hash, 0)) continue;
      const { complete, downloaded, incomplete } = tracker;
      files.set(String.fromCharCode(...hash), { complete, downloaded, incomplete });
    }
    return encodeBencode({ files });
  }
}

/** BEP 7: IPv6 has a key of its own, and the other one is there all the same. */
function compactPeers(peers: Uint8Array, bytesEach: number): { peers: Uint8Array; peers6?: Uint8Array } {
  return bytesEach === IPV6_ENDPOINT_BYTES ? { peers: new Uint8Array(0), peers6: peers } : { peers };
}

function dictionaryPeers(peers: Uint8Array, bytesEach: number): readonly { ip: string; port: number }[] {
  return Array.from({ length: peers.length / bytesEach }, (_, i) => {
    const at = i * bytesEach;
    const end = at + bytesEach;
    return {
      ip: addressText(peers.subarray(at, end - 2)),
      port: (peers[end - 2]! << 8) | peers[end - 1]!,
    };
  });
}

/** BEP 31: `retryMin`: minutes. */
function failure(reason: string, retryMin?: number): Uint8Array {
  return encodeBencode({
    'failure reason': reason,
    ...(retryMin === undefined ? {} : { 'retry in': retryMin }),
  });
}
