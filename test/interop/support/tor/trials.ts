import { contentSha256 } from './content.ts';
import { checkContent, type PathRun, type TorNetwork } from './network.ts';
import type { TorNode } from './node.ts';

/** Where in a circuit of three hops the relay under test is. */
export type Position = 'first' | 'middle' | 'last';

export interface TrialOptions {
  /** Of each download. */
  readonly byteLength: number;
  /** The client that builds the circuits (`client1`). */
  readonly client?: TorNode;
}

/** A path of three hops with this relay in this position and C tor relays in the two others. */
export function pathWith(network: TorNetwork, fingerprint: string, position: Position): readonly string[] {
  const exits = network.ofRole('exit').filter((node) => isUsable(node, fingerprint));
  const last = position === 'last' ? fingerprint : (exits[0]?.fingerprint ?? '');
  const others = [...network.ofRole('relay'), ...network.ofRole('exit'), ...network.ofRole('authority')]
    .filter((node) => isUsable(node, fingerprint) && node.fingerprint !== last)
    .map((node) => node.fingerprint);
  const [one = '', two = ''] = others;
  if (position === 'first') return [fingerprint, one, last];
  if (position === 'middle') return [one, fingerprint, last];
  return [one, two, last];
}

function isUsable(node: TorNode, except: string): boolean {
  return node.program.running && node.fingerprint !== except;
}

/** Downloads through the relay as first, middle and last hop. Throws, with the position, at the first that fails. */
export async function throughEachPosition(
  network: TorNetwork,
  fingerprint: string,
  options: TrialOptions & { readonly positions?: readonly Position[] },
): Promise<ReadonlyMap<Position, PathRun>> {
  const runs = new Map<Position, PathRun>();
  for (const position of options.positions ?? ['first', 'middle', 'last']) {
    const path = pathWith(network, fingerprint, position);
    try {
      runs.set(position, await network.pathThrough(path, options.byteLength, options.client));
    } catch (error) {
      throw new Error(`with the relay as ${position} hop`, { cause: error });
    }
  }
  return runs;
}

/**
 * Downloads over `count` streams of one circuit at once; every second one is closed early, the others have to be whole.
 * Then one more stream shows that the circuit still works.
 */
export async function streamsAtOnce(
  network: TorNetwork,
  path: readonly string[],
  options: TrialOptions & { readonly count: number },
): Promise<void> {
  const { byteLength, client } = options;
  contentSha256(byteLength); // worked out before the clock of a stream runs
  const circuits = await network.circuits(client);
  const circuit = await circuits.open(path);
  const one = async (index: number): Promise<void> => {
    const early = index % 2 === 1 ? { closeAfterBytes: Math.floor(byteLength / 4) } : {};
    const fetched = await network.fetchOn(circuit, `/bytes/${byteLength}`, early, client);
    if (index % 2 === 0) checkContent(fetched, byteLength);
  };
  try {
    await Promise.all(Array.from({ length: options.count }, (_, index) => one(index)));
    checkContent(await network.fetchOn(circuit, '/bytes/1000', {}, client), 1_000);
  } finally {
    await circuits.close(circuit);
  }
}
