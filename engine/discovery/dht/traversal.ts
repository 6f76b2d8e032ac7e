import type { AddressBytes } from '../../codec/compact-endpoint.ts';
import { familyOf, readNodes } from './compact.ts';
import { sameId } from './id.ts';
import type { QueryFields, QueryHead } from './krpc-encode.ts';
import type { KrpcMessage } from './krpc-types.ts';
import { type Candidate, Lookup, type LookupOptions } from './lookup.ts';
import type { Transactions } from './transactions.ts';
import type { DhtRuntime, LookupReport, NodeContact } from './types.ts';

/** Nodes taken from one answer; BEP 5 names 8, some programs send more. */
const NODES_PER_ANSWER_MAX = 20;

export interface TraversalOptions extends LookupOptions {
  readonly name: QueryHead['name'];
  readonly fields: QueryFields;
  readonly signal?: AbortSignal | undefined;
}

export interface TraversalModules {
  readonly runtime: DhtRuntime;
  readonly transactions: Transactions;
  /** Each node that answers, for the table. */
  readonly onAnswer: (contact: NodeContact, rttMs: number) => void;
  readonly onFailure: (contact: NodeContact) => void;
  /** What this look-up is after. Returns whether the answer had some of it. */
  readonly onMessage?: (message: KrpcMessage, from: Candidate) => boolean;
}

/** Runs one {@link Lookup} over the network. */
export class Traversal {
  readonly lookup: Lookup;
  readonly #options: TraversalOptions;
  readonly #modules: TraversalModules;
  readonly #startedMs: number;
  readonly #family: AddressBytes;
  #firstFoundMs: number | undefined;
  #foundHops: number | undefined;
  #finish: ((report: LookupReport) => void) | undefined;

  constructor(options: TraversalOptions, family: AddressBytes, modules: TraversalModules) {
    this.#options = options;
    this.#modules = modules;
    this.#family = family;
    this.lookup = new Lookup(options);
    this.#startedMs = modules.runtime.clock.now();
  }

  /** Asks, from these nodes on, until the nearest have answered. Never rejects. */
  run(start: readonly (NodeContact & { readonly rttMs?: number })[]): Promise<LookupReport> {
    for (const contact of start) if (familyOf(contact.host) === this.#family) this.lookup.add(contact, 1);
    return new Promise((resolve) => {
      this.#finish = resolve;
      this.#options.signal?.addEventListener('abort', this.#end, { once: true });
      if (this.#options.signal?.aborted === true) this.#end();
      else this.#step();
    });
  }

  #step(): void {
    if (this.#finish === undefined) return;
    for (;;) {
      const candidate = this.lookup.next();
      if (candidate === undefined) break;
      this.#ask(candidate);
    }
    if (this.lookup.isDone) this.#end();
  }

  #ask(candidate: Candidate): void {
    const { name, fields } = this.#options;
    const { lookup } = this;
    const sent = this.#modules.transactions.query(candidate, name, fields, {
      answer: (message, rttMs) => {
        const { host, port } = candidate;
        const id = sameId(candidate.id, message.id) ? candidate.id : message.id.slice();
        this.#modules.onAnswer({ id, host, port }, rttMs);
        // Who is not the one we were told of is no place to store anything and has nothing to say here.
        if (id !== candidate.id) lookup.failed(candidate);
        else lookup.answered(candidate, rttMs, message.token?.slice());
        if (this.#finish === undefined) return;
        if (id === candidate.id) this.#onAnswer(candidate, message);
        this.#step();
      },
      slow: () => {
        lookup.slow(candidate);
        this.#step();
      },
      fail: (reason) => {
        lookup.failed(candidate);
        if (reason === 'timeout') this.#modules.onFailure(candidate);
        this.#step();
      },
    });
    if (!sent) lookup.failed(candidate);
  }

  #onAnswer(candidate: Candidate, message: KrpcMessage): void {
    const nodes = this.#family === 4 ? message.nodes : message.nodes6;
    if (nodes !== undefined) {
      for (const contact of readNodes(nodes, this.#family, NODES_PER_ANSWER_MAX)) {
        this.lookup.add(contact, candidate.hops + 1);
      }
    }
    const found = this.#modules.onMessage?.(message, candidate) === true;
    if (found && this.#firstFoundMs === undefined) {
      this.#firstFoundMs = this.#modules.runtime.clock.now() - this.#startedMs;
      this.#foundHops = candidate.hops;
    }
  }

  readonly #end = (): void => {
    const finish = this.#finish;
    if (finish === undefined) return;
    this.#finish = undefined;
    this.#options.signal?.removeEventListener('abort', this.#end);
    const { lookup } = this;
    const nearest = lookup.nearest();
    finish({
      queriesSent: lookup.asked,
      answers: lookup.answers,
      timeouts: lookup.timeouts,
      hops: this.#foundHops ?? nearest[0]?.hops ?? 0,
      durationMs: this.#modules.runtime.clock.now() - this.#startedMs,
      firstFoundMs: this.#firstFoundMs,
      nearest: nearest.map(contactOf),
    });
  };
}

function contactOf(candidate: Candidate): NodeContact {
  return { id: candidate.id, host: candidate.host, port: candidate.port };
}
