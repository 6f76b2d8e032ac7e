import { FRESH_MS, stateOf, type TableNode } from './table-node.ts';

/** BEP 5: K. */
export const BUCKET_SIZE = 8;
/** Good nodes that wait for a place. */
export const REPLACEMENTS_MAX = 8;

/** What became of a node that was put into a bucket, and who had to go for it. */
export type Insertion =
  | { readonly kind: 'added'; readonly gone: TableNode | undefined }
  | { readonly kind: 'waits'; readonly gone: TableNode | undefined; readonly check: TableNode | undefined }
  | { readonly kind: 'refused' };

/** Up to K nodes of one part of the id space, and some that would take a place that becomes free. */
export class Bucket {
  readonly nodes: TableNode[] = [];
  readonly replacements: TableNode[] = [];
  /** BEP 5: when a node was added or replaced, or one of it answered. */
  changedMs: number;

  /** Until when all its nodes are good, as far as is known now; 0 when it has to be worked out. */
  #goodUntilMs = 0;

  constructor(nowMs: number) {
    this.changedMs = nowMs;
  }

  get isFull(): boolean {
    return this.nodes.length >= BUCKET_SIZE;
  }

  /** Whether all nodes are good. Looks at each only when the last result is too old. */
  allGood(nowMs: number): boolean {
    if (this.#goodUntilMs > nowMs) return true;
    let untilMs = Number.POSITIVE_INFINITY;
    for (const node of this.nodes) {
      if (node.failures > 0) return false;
      untilMs = Math.min(untilMs, node.seenMs + FRESH_MS);
    }
    this.#goodUntilMs = untilMs;
    return untilMs > nowMs;
  }

  /** A node of it has failed, come or gone. */
  changed(): void {
    this.#goodUntilMs = 0;
  }

  /** Whether a node that answered after `rttMs` would be of no use: all are good, and those that wait are faster. */
  wantsNone(rttMs: number, nowMs: number): boolean {
    if (!this.isFull || this.replacements.length < REPLACEMENTS_MAX || !this.allGood(nowMs)) return false;
    return this.replacements.every((node) => node.rttMs <= rttMs);
  }

  /** Puts a node in that has just answered. `perSubnetMax`: nodes of one /24 or /64 that the bucket takes. */
  insert(node: TableNode, nowMs: number, perSubnetMax: number): Insertion {
    if (this.#ofSubnet(node, this.nodes) >= perSubnetMax) return { kind: 'refused' };
    if (!this.isFull) return this.#add(node, nowMs);
    const bad = this.nodes.findIndex((other) => stateOf(other, nowMs) === 'bad');
    const forged = bad >= 0 || !node.isSecure ? -1 : this.nodes.findIndex((other) => !other.isSecure);
    const place = bad >= 0 ? bad : forged;
    if (place >= 0) {
      const [gone] = this.nodes.splice(place, 1);
      return this.#add(node, nowMs, gone);
    }
    if (this.#ofSubnet(node, this.replacements) >= perSubnetMax) return { kind: 'refused' };
    const gone = this.#remember(node);
    if (gone === node) return { kind: 'refused' };
    return { kind: 'waits', gone, check: this.#leastRecentQuestionable(nowMs) };
  }

  /** Takes a node out that was found dead; the best replacement takes its place. */
  remove(node: TableNode, nowMs: number): void {
    const place = this.nodes.indexOf(node);
    if (place < 0) {
      const waiting = this.replacements.indexOf(node);
      if (waiting >= 0) this.replacements.splice(waiting, 1);
      return;
    }
    this.nodes.splice(place, 1);
    this.changed();
    const next = this.#takeReplacement();
    if (next !== undefined) this.#add(next, nowMs);
  }

  /** BEP 5: the next one to be pinged so that somebody who waits may get its place. */
  #leastRecentQuestionable(nowMs: number): TableNode | undefined {
    if (this.allGood(nowMs)) return undefined;
    let oldest: TableNode | undefined;
    for (const node of this.nodes) {
      if (stateOf(node, nowMs) !== 'questionable') continue;
      if (node.isChecked) return undefined;
      if (oldest === undefined || node.seenMs < oldest.seenMs) oldest = node;
    }
    return oldest;
  }

  /** Whom to ping next while somebody waits; undefined when nobody does or all are good. */
  nextCheck(nowMs: number): TableNode | undefined {
    return this.replacements.length === 0 ? undefined : this.#leastRecentQuestionable(nowMs);
  }

  #add(node: TableNode, nowMs: number, gone?: TableNode): Insertion {
    this.nodes.push(node);
    this.changed();
    this.changedMs = nowMs;
    return { kind: 'added', gone };
  }

  /** Keeps the ones that answer fastest; returns the one that there is no room for. */
  #remember(node: TableNode): TableNode | undefined {
    const { replacements } = this;
    replacements.push(node);
    if (replacements.length <= REPLACEMENTS_MAX) return undefined;
    let slowest = 0;
    for (let at = 1; at < replacements.length; at++) {
      if (replacements[at]!.rttMs > replacements[slowest]!.rttMs) slowest = at;
    }
    return replacements.splice(slowest, 1)[0];
  }

  #takeReplacement(): TableNode | undefined {
    let best = -1;
    for (const [at, node] of this.replacements.entries()) {
      if (best < 0 || better(node, this.replacements[best]!)) best = at;
    }
    return best < 0 ? undefined : this.replacements.splice(best, 1)[0];
  }

  #ofSubnet(node: TableNode, among: readonly TableNode[]): number {
    if (node.subnet === undefined) return 0;
    let count = 0;
    for (const other of among) if (other.subnet === node.subnet) count++;
    return count;
  }
}

function better(a: TableNode, b: TableNode): boolean {
  if (a.isSecure !== b.isSecure) return a.isSecure;
  return a.rttMs < b.rttMs;
}
