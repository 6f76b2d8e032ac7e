import type { Endpoint } from '../../runtime/port.ts';
import { endpointKey } from './compact.ts';
import { VERIFYING_MAX } from './options.ts';
import type { TableNode } from './table-node.ts';
import type { Transactions } from './transactions.ts';
import type { NodeContact } from './types.ts';

export interface PingerModules {
  readonly transactions: Transactions;
  readonly ownId: () => Uint8Array;
  readonly onAnswer: (contact: NodeContact, rttMs: number) => void;
  readonly onFailure: (contact: Endpoint) => void;
}

/** Pings: those that the table wants, and those of nodes that nobody knows yet. */
export class Pinger {
  readonly #modules: PingerModules;
  readonly #verifying = new Set<string>();

  constructor(modules: PingerModules) {
    this.#modules = modules;
  }

  /** Endpoints that are being asked who they are. */
  get verifying(): number {
    return this.#verifying.size;
  }

  get isBusy(): boolean {
    return this.#verifying.size >= VERIFYING_MAX;
  }

  /** Asks an endpoint who it is; nothing happens while too many are being asked. */
  verify(endpoint: Endpoint): void {
    const key = endpointKey(endpoint);
    if (this.isBusy || this.#verifying.has(key)) return;
    this.#verifying.add(key);
    this.#ping(endpoint, () => this.#verifying.delete(key));
  }

  /** BEP 5: pings the node that its bucket wants to be sure of. */
  check(node: TableNode | undefined): void {
    if (node === undefined || node.isChecked || !this.#modules.transactions.hasRoom) return;
    node.isChecked = true;
    this.#ping(node, () => {});
  }

  #ping(to: Endpoint, done: () => void): void {
    const { transactions, ownId, onAnswer, onFailure } = this.#modules;
    const sent = transactions.query(
      to,
      'ping',
      { id: ownId() },
      {
        answer: (message, rttMs) => {
          done();
          onAnswer({ id: message.id.slice(), host: to.host, port: to.port }, rttMs);
        },
        fail: () => {
          done();
          onFailure(to);
        },
      },
    );
    if (!sent) done();
  }
}
