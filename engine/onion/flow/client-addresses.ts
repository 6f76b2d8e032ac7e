import type { Random } from '../../runtime/port.ts';
import { randomFraction } from '../path/sampler.ts';
import type { DosParams } from './dos-params.ts';
import { setTokenRate, type TokenBucket, takeTokens, tokenBucket } from './token-bucket.ts';

interface Client {
  connectionCount: number;
  readonly circuits: TokenBucket;
  readonly connects: TokenBucket;
  /** Circuits are refused until then; 0: they are not. */
  circuitsRefusedUntilMs: number;
  connectsRefusedUntilMs: number;
  /** Circuits that were closed because it did not take their cells. */
  overflows: number;
}

/** What was refused so far, for metrics. */
export interface DosCounters {
  readonly circuitsRefused: number;
  readonly connectionsRefused: number;
  readonly addressesMarked: number;
}

/** Addresses remembered at most; the one without connections that was seen longest ago makes room. */
export const CLIENT_ADDRESSES_MAX = 65_536;

/**
 * What each client address does to a relay, and whether to go on serving it. Relays of the consensus are not to be
 * asked about here: they bring the circuits of many.
 */
export class ClientAddresses {
  readonly #clients = new Map<string, Client>();
  /** Addresses without connections, longest idle first. */
  readonly #idle = new Set<string>();
  readonly #random: Random;
  readonly #addressesMax: number;
  #params: DosParams;
  #circuitsRefused = 0;
  #connectionsRefused = 0;
  #addressesMarked = 0;

  constructor(
    options: { readonly params: DosParams; readonly addressesMax?: number },
    modules: { readonly random: Random },
  ) {
    this.#params = options.params;
    this.#addressesMax = options.addressesMax ?? CLIENT_ADDRESSES_MAX;
    this.#random = modules.random;
  }

  get counters(): DosCounters {
    return {
      circuitsRefused: this.#circuitsRefused,
      connectionsRefused: this.#connectionsRefused,
      addressesMarked: this.#addressesMarked,
    };
  }

  get addressCount(): number {
    return this.#clients.size;
  }

  /** A new consensus or configuration. */
  setParams(params: DosParams, nowMs: number): void {
    this.#params = params;
    for (const client of this.#clients.values()) {
      setTokenRate(client.circuits, params.circuitsPerSec, params.circuitBurst, nowMs);
      setTokenRate(client.connects, params.connectsPerSec, params.connectBurst, nowMs);
    }
  }

  /** A connection came. True: serve it, and call {@link disconnected} when it is gone. False: close it at once. */
  connected(address: string, nowMs: number): boolean {
    const client = this.#client(address, nowMs);
    if (client === undefined || (this.#params.isConnectionDefenceOn && !this.#mayConnect(client, nowMs))) {
      this.#connectionsRefused += 1;
      return false;
    }
    client.connectionCount += 1;
    this.#idle.delete(address);
    return true;
  }

  disconnected(address: string): void {
    const client = this.#clients.get(address);
    if (client === undefined || client.connectionCount === 0) return;
    client.connectionCount -= 1;
    if (client.connectionCount === 0) this.#idle.add(address);
  }

  /** A CREATE came over a connection of this address. False: answer with DESTROY, reason 5 (resource limit). */
  mayCreateCircuit(address: string, nowMs: number): boolean {
    const client = this.#clients.get(address);
    if (client === undefined || !this.#params.isCircuitDefenceOn) return true;
    const hasTokens = takeTokens(client.circuits, 1, nowMs);
    if (!hasTokens && client.connectionCount >= this.#params.circuitConnectionsMin) {
      if (client.circuitsRefusedUntilMs <= nowMs) this.#addressesMarked += 1;
      client.circuitsRefusedUntilMs = nowMs + this.#spread(this.#params.circuitRefuseMs);
    }
    if (client.circuitsRefusedUntilMs <= nowMs) return true;
    this.#circuitsRefused += 1;
    return false;
  }

  /** A circuit of this address was closed because it did not take its cells. C tor: dos_num_circ_max_outq. */
  overflowed(address: string, nowMs: number): void {
    const client = this.#clients.get(address);
    const { isCircuitDefenceOn, circuitOverflowsMax } = this.#params;
    if (client === undefined || !isCircuitDefenceOn || circuitOverflowsMax === 0) return;
    client.overflows += 1;
    if (client.overflows < circuitOverflowsMax) return;
    client.overflows = 0;
    if (client.circuitsRefusedUntilMs <= nowMs) this.#addressesMarked += 1;
    client.circuitsRefusedUntilMs = nowMs + this.#spread(this.#params.circuitRefuseMs);
  }

  #mayConnect(client: Client, nowMs: number): boolean {
    if (client.connectsRefusedUntilMs > nowMs || client.connectionCount >= this.#params.connectionsMax)
      return false;
    if (takeTokens(client.connects, 1, nowMs)) return true;
    client.connectsRefusedUntilMs = nowMs + this.#spread(this.#params.connectRefuseMs);
    this.#addressesMarked += 1;
    return false;
  }

  /** Up to half as long again, so that nobody can tell when it ends. */
  #spread(refuseMs: number): number {
    return refuseMs * (1 + randomFraction(this.#random) / 2);
  }

  /** Undefined: as many addresses as there is room for have connections. */
  #client(address: string, nowMs: number): Client | undefined {
    const known = this.#clients.get(address);
    if (known !== undefined) return known;
    if (this.#clients.size >= this.#addressesMax) {
      const [oldest] = this.#idle;
      if (oldest === undefined) return undefined;
      this.#idle.delete(oldest);
      this.#clients.delete(oldest);
    }
    const { circuitsPerSec, circuitBurst, connectsPerSec, connectBurst } = this.#params;
    const client: Client = {
      connectionCount: 0,
      circuits: tokenBucket(circuitsPerSec, circuitBurst, nowMs),
      connects: tokenBucket(connectsPerSec, connectBurst, nowMs),
      circuitsRefusedUntilMs: 0,
      connectsRefusedUntilMs: 0,
      overflows: 0,
    };
    this.#clients.set(address, client);
    this.#idle.add(address);
    return client;
  }
}
