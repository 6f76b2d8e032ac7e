import { hex } from '../../codec/hex.ts';
import type { Endpoint } from '../../runtime/port.ts';
import { endpointKey, readNodes } from './compact.ts';
import type { DhtNode } from './dht-node.ts';
import { ID_BYTES } from './id.ts';
import type { KrpcMessage } from './krpc-types.ts';
import type { NodeContact } from './types.ts';

export interface CrawlOptions {
  /** Nodes asked at most. */
  readonly nodesMax: number;
  /** Info-hashes kept at most. */
  readonly infoHashesMax: number;
  /** Queries in flight. */
  readonly parallel: number;
  readonly signal?: AbortSignal;
}

export const CRAWL_DEFAULTS = { nodesMax: 10_000, infoHashesMax: 100_000, parallel: 16 } as const;

export interface CrawlReport {
  /** Nodes that were asked. */
  readonly asked: number;
  readonly answered: number;
  /** Nodes that know BEP 51. */
  readonly sampling: number;
  /** Nodes heard of. */
  readonly heardOf: number;
  /** What the nodes say they store, all together: the same torrent counts at each. */
  readonly stored: number;
  /** Hexadecimal, without duplicates. */
  readonly infoHashes: readonly string[];
}

/**
 * BEP 51: goes through the nodes of the DHT and asks each once for a sample of the info-hashes it stores. A node is
 * never asked a second time, so its interval is kept.
 */
export async function crawl(
  node: DhtNode,
  options: Partial<CrawlOptions> = {},
  onProgress: (asked: number, infoHashes: number) => void = () => {},
): Promise<CrawlReport> {
  const run = new Crawl(node, { ...CRAWL_DEFAULTS, ...options });
  await run.go(onProgress);
  return run.report;
}

class Crawl {
  readonly #node: DhtNode;
  readonly #options: CrawlOptions;
  readonly #waiting: Endpoint[] = [];
  readonly #heard = new Set<string>();
  readonly #infoHashes = new Set<string>();
  #asked = 0;
  #answered = 0;
  #sampling = 0;
  #stored = 0;
  #inFlight = 0;

  constructor(node: DhtNode, options: CrawlOptions) {
    this.#node = node;
    this.#options = options;
    for (const contact of node.table.nodes()) this.#hear(contact);
  }

  get report(): CrawlReport {
    return {
      asked: this.#asked,
      answered: this.#answered,
      sampling: this.#sampling,
      heardOf: this.#heard.size,
      stored: this.#stored,
      infoHashes: [...this.#infoHashes],
    };
  }

  go(onProgress: (asked: number, infoHashes: number) => void): Promise<void> {
    return new Promise((resolve) => {
      const step = (): void => {
        while (this.#mayAsk) this.#ask(this.#waiting.shift()!, step);
        onProgress(this.#asked, this.#infoHashes.size);
        if (this.#inFlight === 0) resolve();
      };
      this.#options.signal?.addEventListener('abort', () => resolve(), { once: true });
      step();
    });
  }

  get #mayAsk(): boolean {
    const { nodesMax, infoHashesMax, parallel, signal } = this.#options;
    return (
      this.#waiting.length > 0 &&
      this.#inFlight < parallel &&
      this.#asked < nodesMax &&
      this.#infoHashes.size < infoHashesMax &&
      signal?.aborted !== true &&
      this.#node.running &&
      this.#node.transactions.hasRoom
    );
  }

  #ask(to: Endpoint, step: () => void): void {
    const { random } = this.#node.modules.runtime;
    this.#asked++;
    this.#inFlight++;
    const done = (): void => {
      this.#inFlight--;
      step();
    };
    const target = random.bytes(ID_BYTES);
    this.#node.transactions.query(
      to,
      'sample_infohashes',
      { id: this.#node.id, target },
      {
        answer: (message) => {
          this.#take(message);
          done();
        },
        fail: done,
      },
    );
  }

  #take(message: KrpcMessage): void {
    this.#answered++;
    const { family } = this.#node;
    const nodes = family === 4 ? message.nodes : message.nodes6;
    if (nodes !== undefined) for (const contact of readNodes(nodes, family, 20)) this.#hear(contact);
    const { samples } = message;
    if (samples === undefined) return;
    this.#sampling++;
    this.#stored += Math.max(0, message.sampleCount ?? samples.length / ID_BYTES);
    for (let at = 0; at + ID_BYTES <= samples.length; at += ID_BYTES) {
      if (this.#infoHashes.size >= this.#options.infoHashesMax) return;
      this.#infoHashes.add(hex(samples.subarray(at, at + ID_BYTES)));
    }
  }

  /** No more are remembered than could be asked. */
  #hear(contact: NodeContact): void {
    const key = endpointKey(contact);
    if (this.#heard.has(key) || this.#heard.size >= this.#options.nodesMax) return;
    this.#heard.add(key);
    this.#waiting.push({ host: contact.host, port: contact.port });
  }
}
