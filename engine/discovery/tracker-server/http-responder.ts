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
  readonly #peerBytes: Buffer;

  constructor(modules: HttpResponderModules) {
    this.#modules = modules;
    const { answerPeersMax } = modules.tracker.options;
    this.#peers = new Uint16Array((answerPeersMax * IPV6_ENDPOINT_BYTES) / 2 + IPV6_ENDPOINT_BYTES);
    this.#peerBytes = Buffer.from(this.#peers.buffer);
  }

  /**
   * `path`: path and query. The body of the answer, bencoded, each byte one character; undefined when that is no question to a
   * tracker.
   */
  answer(path: string, from: Endpoint): string | undefined {
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
      ? this.#announce(question, path, endpoint)
      : this.#scrape(question, path);
  }

  #announce(question: HttpAnnounce, path: string, endpoint: Uint16Array): string {
    const { tracker, counts, random, gate, clock } = this.#modules;
    const { infoHash, event, left, wanted, isCompact } = question;
    const refusal = gate?.check({ ...question, hashBytes: infoHash, hashAt: 0, endpoint, urlData: path });
    if (refusal !== undefined) {
      counts.refused++;
      return failure(refusal);
    }
    counts.httpAnnounces++;
    const count = tracker.announce(
      { hashBytes: infoHash, hashAt: 0, endpoint, isSeed: left === 0, event, wanted },
      Math.floor(clock.now() / 1000),
      this.#peers,
      0,
    );
    const bytesEach = 2 * endpoint.length;
    const peers = this.#peerBytes.subarray(0, count * bytesEach);
    const own = Buffer.from(endpoint.buffer, endpoint.byteOffset, bytesEach - 2);
    // Written as it is, keys in order: every request comes through here.
    const head =
      `d8:completei${tracker.complete}e10:downloadedi${tracker.downloaded}e` +
      // BEP 24.
      `11:external ip${own.length}:${own.toString('latin1')}10:incompletei${tracker.incomplete}e` +
      `8:intervali${tracker.intervalSec(random.below(256) / 256)}e5:peers`;
    if (!isCompact) return `${head}${dictionaryPeers(peers, bytesEach)}e`;
    const list = `${peers.length}:${peers.toString('latin1')}`;
    // BEP 7: IPv6 has a key of its own, and the other one is there all the same.
    return bytesEach === IPV6_ENDPOINT_BYTES ? `${head}0:6:peers6${list}e` : `${head}${list}e`;
  }

  #scrape(question: HttpScrape, path: string): string {
    const { tracker, counts, gate } = this.#modules;
    const refusal = gate?.checkScrape(path);
    if (refusal !== undefined) {
      counts.refused++;
      return failure(refusal);
    }
    counts.httpScrapes++;
    const files = new Map<string, { complete: number; downloaded: number; incomplete: number }>();
    for (const hash of question.infoHashes) {
      if (!tracker.scrape(hash, 0)) continue;
      const { complete, downloaded, incomplete } = tracker;
      files.set(String.fromCharCode(...hash), { complete, downloaded, incomplete });
    }
    return textOf(encodeBencode({ files }));
  }
}

function dictionaryPeers(peers: Uint8Array, bytesEach: number): string {
  const list = Array.from({ length: peers.length / bytesEach }, (_, i) => {
    const end = (i + 1) * bytesEach;
    const ip = addressText(peers.subarray(end - bytesEach, end - 2));
    return { ip, port: (peers[end - 2]! << 8) | peers[end - 1]! };
  });
  return textOf(encodeBencode(list));
}

/** BEP 31: `retryMin`: minutes. */
function failure(reason: string, retryMin?: number): string {
  return textOf(
    encodeBencode({
      'failure reason': reason,
      ...(retryMin === undefined ? {} : { 'retry in': retryMin }),
    }),
  );
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}
