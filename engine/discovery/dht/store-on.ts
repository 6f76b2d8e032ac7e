import type { DhtNode } from './dht-node.ts';
import type { QueryFields, QueryHead } from './krpc-encode.ts';
import type { Candidate } from './lookup.ts';
import type { LookupReport, StoreReport } from './types.ts';

/** Sends one write to each of the nodes, and counts who took it. */
export async function storeOn(
  node: DhtNode,
  places: readonly Candidate[],
  lookup: LookupReport,
  write: (candidate: Candidate) => { readonly name: QueryHead['name']; readonly fields: QueryFields },
): Promise<StoreReport> {
  let stored = 0;
  let refused = 0;
  const one = (candidate: Candidate): Promise<void> =>
    new Promise((resolve) => {
      const { name, fields } = write(candidate);
      const sent = node.transactions.query(candidate, name, fields, {
        answer: (message, rttMs) => {
          stored++;
          node.onAnswer({ id: message.id.slice(), host: candidate.host, port: candidate.port }, rttMs);
          resolve();
        },
        fail: (reason) => {
          if (reason === 'error') refused++;
          if (reason === 'timeout') node.onFailure(candidate);
          resolve();
        },
      });
      if (!sent) resolve();
    });
  if (node.running) await Promise.all(places.map(one));
  return { stored, refused, lookup };
}
