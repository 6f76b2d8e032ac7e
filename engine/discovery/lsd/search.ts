import { hex } from '../../codec/hex.ts';
import type { Clock, Endpoint, Random, Timer } from '../../runtime/port.ts';
import { decodeLsdMessage, encodeLsdMessage, LSD_HASHES_MAX } from './message.ts';

/** BEP 14: a torrent is announced every five minutes. */
const INTERVAL_MS = 5 * 60_000;
/** BEP 14: no more than one message a minute, unless there is something new; then not sooner than this. */
const PAUSE_MS = 1_000;
/** Datagrams of others that are looked at in a second. */
const TAKEN_PER_SECOND_MAX = 50;

export interface LocalSearchModules {
  readonly clock: Clock;
  readonly random: Random;
  /** Sends to the group. */
  readonly send: (bytes: Uint8Array) => void;
  /** The group's address, as the message names it. */
  readonly group: string;
}

interface Announced {
  readonly infoHash: Uint8Array;
  readonly port: number;
  readonly onPeers: (peers: readonly Endpoint[]) => void;
  nextMs: number;
}

/** Local service discovery (BEP 14): tells the local network which torrents run here, and hears of those of others. */
export class LocalSearch {
  private readonly modules: LocalSearchModules;
  private readonly torrents = new Map<string, Announced>();
  private readonly cookie: string;
  private timer: Timer | undefined;
  private windowMs = 0;
  private takenInWindow = 0;
  private closed = false;

  constructor(modules: LocalSearchModules) {
    this.modules = modules;
    this.cookie = hex(modules.random.bytes(8));
  }

  /** Announces a torrent until it is stopped. One listener for each info-hash. */
  announce(
    infoHash: Uint8Array,
    port: number,
    onPeers: (peers: readonly Endpoint[]) => void,
  ): { stop(): void } {
    const key = hex(infoHash);
    // Who does not listen has nothing to tell, but can dial.
    const nextMs = port === 0 ? Number.POSITIVE_INFINITY : this.modules.clock.now();
    const announced = { infoHash, port, onPeers, nextMs };
    this.torrents.set(key, announced);
    this.schedule();
    return {
      stop: () => {
        if (this.torrents.get(key) === announced) this.torrents.delete(key);
      },
    };
  }

  /** A datagram that came to the group. */
  onDatagram(bytes: Uint8Array, from: Endpoint): void {
    if (this.closed || !this.mayTake()) return;
    const message = decodeLsdMessage(bytes);
    if (message === undefined || message.cookie === this.cookie) return;
    const peer = { host: from.host, port: message.port };
    for (const infoHash of message.infoHashes) this.torrents.get(hex(infoHash))?.onPeers([peer]);
  }

  close(): void {
    this.closed = true;
    this.timer?.cancel();
    this.torrents.clear();
  }

  private schedule(): void {
    if (this.closed || this.timer !== undefined) return;
    this.timer = this.modules.clock.setTimer(PAUSE_MS, () => {
      this.timer = undefined;
      this.sendDue();
      if (this.torrents.size > 0) this.schedule();
    });
  }

  /** As many as fit into one datagram; the others have their turn a second later. */
  private sendDue(): void {
    const now = this.modules.clock.now();
    const due = [...this.torrents.values()].filter(({ nextMs }) => nextMs <= now);
    const [first] = due;
    if (first === undefined) return;
    const together = due.filter(({ port }) => port === first.port).slice(0, LSD_HASHES_MAX);
    for (const torrent of together) torrent.nextMs = now + INTERVAL_MS;
    const infoHashes = together.map(({ infoHash }) => infoHash);
    const message = { port: first.port, infoHashes, cookie: this.cookie };
    this.modules.send(encodeLsdMessage(message, this.modules.group));
  }

  private mayTake(): boolean {
    const now = this.modules.clock.now();
    if (now - this.windowMs >= 1000) {
      this.windowMs = now;
      this.takenInWindow = 0;
    }
    return ++this.takenInWindow <= TAKEN_PER_SECOND_MAX;
  }
}
