import type { Endpoint } from '../../runtime/port.ts';
import { readNodes } from './compact.ts';
import type { DhtNode } from './dht-node.ts';
import { randomIdSharing } from './id.ts';
import type { NodeContact } from './types.ts';

/** Endpoints asked at once. */
const PARALLEL_MAX = 16;
/** Nodes taken from what the first ones answer. */
const START_MAX = 64;

/**
 * BEP 5: asks those who are known from before or were named, then looks for the own id, closer and closer, and in
 * those buckets farther away that have room. Saved nodes come first, so that named ones are spared where they are not needed.
 */
export async function bootstrap(
  node: DhtNode,
  saved: readonly NodeContact[],
  named: readonly Endpoint[],
): Promise<void> {
  if (saved.length === 0 && named.length === 0) return;
  let start = await askAll(node, saved);
  if (node.table.size === 0) start = await askAll(node, named);
  if (!node.running || node.table.size === 0) return;
  const target = node.id;
  await node.traverse({ target, name: 'find_node', fields: { id: node.id, target }, start });
  const roomy: number[] = [];
  const { buckets } = node.table;
  for (const [index, bucket] of buckets.entries()) if (!bucket.isFull) roomy.push(index);
  // The last one is the neighbourhood just asked, unless it is all there is.
  await refreshBuckets(
    node,
    roomy.filter((index) => index === 0 || index < buckets.length - 1),
  );
}

/** BEP 5: looks for a chance id in each of these buckets, one after the other. */
export async function refreshBuckets(node: DhtNode, indexes: readonly number[]): Promise<void> {
  const { clock, random } = node.modules.runtime;
  for (const index of indexes) {
    if (!node.running) return;
    node.table.markRefreshed(index, clock.now());
    const target = randomIdSharing(node.id, index, random);
    await node.traverse({ target, name: 'find_node', fields: { id: node.id, target } });
  }
}

/** Asks each endpoint for nodes near the own id. Resolves when all have answered or failed. */
async function askAll(node: DhtNode, endpoints: readonly Endpoint[]): Promise<NodeContact[]> {
  const found: NodeContact[] = [];
  const waiting = [...endpoints];
  const worker = async (): Promise<void> => {
    for (let to = waiting.shift(); to !== undefined && node.running; to = waiting.shift()) {
      const endpoint = to;
      await new Promise<void>((resolve) => {
        node.askForNodes(endpoint, node.id, (message) => {
          const nodes = node.family === 4 ? message?.nodes : message?.nodes6;
          if (nodes !== undefined) found.push(...readNodes(nodes, node.family, 20));
          resolve();
        });
      });
    }
  };
  await Promise.all(Array.from({ length: PARALLEL_MAX }, worker));
  return found.slice(0, START_MAX);
}
