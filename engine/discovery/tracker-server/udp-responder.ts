import { readUint32, writeUint32 } from '../../codec/big-endian.ts';
import type { Clock, Endpoint, Random } from '../../runtime/port.ts';
import {
  ANNOUNCE_ANSWER_BYTES,
  ANNOUNCE_BYTES,
  ANSWER_HEAD_BYTES,
  CONNECT_BYTES,
  decodeUrlData,
  PROTOCOL_HIGH,
  PROTOCOL_LOW,
  readUint64,
  SCRAPE_ENTRY_BYTES,
  SCRAPE_HASHES_MAX,
  SCRAPE_HEAD_BYTES,
  UDP_ACTION,
  UDP_EVENTS,
} from '../tracker/udp-messages.ts';
import type { AnnounceGate } from './announce-gate.ts';
import { ConnectionIds } from './connection-ids.ts';
import { EndpointHalves } from './endpoint-halves.ts';
import type { RateGuard } from './rate-guard.ts';
import type { Tracker, TrackerAnnounce } from './tracker.ts';
import type { TrackerCounts } from './tracker-counts.ts';

/** An answer is one datagram that no path cuts up. */
const ANSWER_BYTES_MAX = 1400;
/** Where an announce has its info-hash. */
const INFO_HASH_AT = 16;

export interface UdpResponderModules {
  readonly clock: Clock;
  readonly random: Random;
  readonly tracker: Tracker;
  readonly guard: RateGuard;
  readonly counts: TrackerCounts;
  /** Who may announce what; undefined: anybody anything. */
  readonly gate: AnnounceGate | undefined;
}

/**
 * Answers the datagrams of BEP 15. Nothing is kept of who connected (see {@link ConnectionIds}), and whoever has not
 * shown that it receives at its address gets an answer no longer than its question.
 */
export class UdpResponder {
  readonly #modules: UdpResponderModules;
  readonly #ids: ConnectionIds;
  readonly #endpoints = new EndpointHalves();
  readonly #out = new Uint8Array(new ArrayBuffer(ANSWER_BYTES_MAX));
  readonly #outHalves = new Uint16Array(this.#out.buffer);
  /** Filled anew for each: no garbage for an announce. */
  readonly #announce: { -readonly [Key in keyof TrackerAnnounce]: TrackerAnnounce[Key] };

  constructor(modules: UdpResponderModules) {
    this.#modules = modules;
    this.#ids = new ConnectionIds(modules);
    this.#announce = {
      hashBytes: this.#out,
      hashAt: INFO_HASH_AT,
      endpoint: this.#outHalves,
      isSeed: false,
      event: undefined,
      wanted: 0,
    };
  }

  /** What is to be sent back, valid until the next call; undefined for nothing. */
  answer(bytes: Uint8Array, from: Endpoint): Uint8Array | undefined {
    const { counts, guard, clock } = this.#modules;
    const endpoint = bytes.length < CONNECT_BYTES || from.port === 0 ? undefined : this.#endpoints.of(from);
    if (endpoint === undefined) {
      counts.malformed++;
      return undefined;
    }
    const nowMs = clock.now();
    if (!guard.admits(endpoint, nowMs)) return undefined;
    const action = readUint32(bytes, 8);
    if (action === UDP_ACTION.connect) return this.#connect(bytes, endpoint, nowMs);
    if (!this.#ids.accepts(endpoint, nowMs, readUint32(bytes, 0) | 0, readUint32(bytes, 4) | 0)) {
      counts.wrongConnection++;
      return this.#error(bytes, 'connect again', bytes.length);
    }
    if (action === UDP_ACTION.announce) return this.#answerAnnounce(bytes, endpoint, nowMs);
    if (action === UDP_ACTION.scrape) return this.#scrape(bytes);
    counts.malformed++;
    return undefined;
  }

  #connect(bytes: Uint8Array, endpoint: Uint16Array, nowMs: number): Uint8Array | undefined {
    const { counts } = this.#modules;
    if (readUint32(bytes, 0) !== PROTOCOL_HIGH || readUint32(bytes, 4) !== PROTOCOL_LOW) {
      counts.malformed++;
      return undefined;
    }
    counts.udpConnects++;
    this.#ids.make(endpoint, nowMs);
    this.#head(bytes, UDP_ACTION.connect);
    writeUint32(this.#out, 8, this.#ids.high);
    writeUint32(this.#out, 12, this.#ids.low);
    return this.#out.subarray(0, CONNECT_BYTES);
  }

  #answerAnnounce(bytes: Uint8Array, endpoint: Uint16Array, nowMs: number): Uint8Array | undefined {
    const { tracker, counts, random, gate } = this.#modules;
    const event = bytes.length < ANNOUNCE_BYTES ? 4 : readUint32(bytes, 80);
    if (event > 3) {
      counts.malformed++;
      return undefined;
    }
    // The port it listens at; the address is the one it has shown to be its own.
    endpoint[endpoint.length - 1] = bytes[96]! | (bytes[97]! << 8);
    if (gate !== undefined) {
      const refusal = gate.check({
        hashBytes: bytes,
        hashAt: INFO_HASH_AT,
        endpoint,
        urlData: decodeUrlData(bytes) ?? '',
        downloaded: readUint64(bytes, 56),
        left: readUint64(bytes, 64),
        uploaded: readUint64(bytes, 72),
        event: UDP_EVENTS[event],
      });
      if (refusal !== undefined) {
        counts.refused++;
        return this.#error(bytes, refusal, ANSWER_BYTES_MAX);
      }
    }
    counts.udpAnnounces++;
    const announce = this.#announce;
    announce.hashBytes = bytes;
    announce.endpoint = endpoint;
    announce.isSeed = readUint32(bytes, 64) === 0 && readUint32(bytes, 68) === 0;
    announce.event = UDP_EVENTS[event];
    const room = Math.floor((ANSWER_BYTES_MAX - ANNOUNCE_ANSWER_BYTES) / (2 * endpoint.length));
    const wanted = readUint32(bytes, 92) | 0;
    announce.wanted = Math.min(wanted < 0 ? tracker.options.answerPeersDefault : wanted, room);
    const count = tracker.announce(
      announce,
      Math.floor(nowMs / 1000),
      this.#outHalves,
      ANNOUNCE_ANSWER_BYTES / 2,
    );
    this.#head(bytes, UDP_ACTION.announce);
    writeUint32(this.#out, 8, tracker.intervalSec(random.below(256) / 256));
    writeUint32(this.#out, 12, tracker.incomplete);
    writeUint32(this.#out, 16, tracker.complete);
    return this.#out.subarray(0, ANNOUNCE_ANSWER_BYTES + count * 2 * endpoint.length);
  }

  #scrape(bytes: Uint8Array): Uint8Array | undefined {
    const { tracker, counts, gate } = this.#modules;
    const refusal = gate?.checkScrape('');
    if (refusal !== undefined) {
      counts.refused++;
      return this.#error(bytes, refusal, bytes.length);
    }
    const asked = Math.floor((bytes.length - SCRAPE_HEAD_BYTES) / 20);
    const count = Math.min(asked, SCRAPE_HASHES_MAX);
    if (count < 1) {
      counts.malformed++;
      return undefined;
    }
    counts.udpScrapes++;
    this.#head(bytes, UDP_ACTION.scrape);
    for (let i = 0; i < count; i++) {
      const at = ANSWER_HEAD_BYTES + i * SCRAPE_ENTRY_BYTES;
      tracker.scrape(bytes, SCRAPE_HEAD_BYTES + i * 20);
      writeUint32(this.#out, at, tracker.complete);
      writeUint32(this.#out, at + 4, tracker.downloaded);
      writeUint32(this.#out, at + 8, tracker.incomplete);
    }
    return this.#out.subarray(0, ANSWER_HEAD_BYTES + count * SCRAPE_ENTRY_BYTES);
  }

  #error(bytes: Uint8Array, reason: string, bytesMax: number): Uint8Array {
    this.#head(bytes, UDP_ACTION.error);
    const end = Math.min(bytesMax, ANSWER_BYTES_MAX);
    const { written } = new TextEncoder().encodeInto(reason, this.#out.subarray(ANSWER_HEAD_BYTES, end));
    return this.#out.subarray(0, ANSWER_HEAD_BYTES + written);
  }

  /** Action, and the transaction of the question. */
  #head(bytes: Uint8Array, action: number): void {
    writeUint32(this.#out, 0, action);
    for (let i = 0; i < 4; i++) this.#out[4 + i] = bytes[12 + i]!;
  }
}
