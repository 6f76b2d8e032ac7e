import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { scratchFolder, until } from '../program.ts';
import { dirAuthorityLine, emptyFile, makeAuthorityKeys } from './keys.ts';
import { TorNetwork } from './network.ts';
import type { TorNode, TorNodePlan, TorRole } from './node.ts';
import { Origin } from './origin.ts';
import { listens } from './ports.ts';
import { planNode } from './process.ts';
import { Resolver } from './resolver.ts';
import { firstVote } from './torrc.ts';

export interface TorNetworkOptions {
  /** Directory authorities (3). They relay too, but are no exits. */
  readonly authorities?: number;
  /** Relays that are no exits (0). */
  readonly relays?: number;
  /** Relays that are exits (3). */
  readonly exits?: number;
  readonly clients?: number;
  /** Further torrc lines by node name (`relay1`), role (`exit`) or `all`. */
  readonly torrc?: Readonly<Record<string, readonly string[]>>;
  /** Seconds from consensus to consensus (10, which is the least). */
  readonly intervalSec?: number;
  /** What the authorities vote for, as `cc_alg: 0`. */
  readonly consensusParams?: Readonly<Record<string, number>>;
  /**
   * Called when the authorities accept connections (and may not be among the nodes yet): relays of other makes announced here are in the first consensus, which saves
   * the 7 to 15 s that a latecomer waits for the next. Returns their fingerprints; the start waits for them too.
   */
  readonly onAuthorities?: (network: TorNetwork) => Promise<readonly string[]>;
  /**
   * Relays of C tor are started when `onAuthorities` has ended. In a young network the half that has been up longest is
   * Stable, and where anybody is, a guard has to be.
   */
  readonly relaysLast?: boolean;
  /** The whole network is ended after this time, whatever the test does (200 s). */
  readonly ttlMs?: number;
  /** Called with what has been reached and when, counted from the start. */
  readonly onProgress?: (what: string, elapsedMs: number) => void;
}

const READY_TIMEOUT_MS = 60_000;

/**
 * Starts C tor authorities, relays, exits and clients on 127.0.0.1 and waits until they are of use: every relay is in
 * the consensus that every node has, and every client has built circuits. Ends everything when that
 * fails; otherwise `stop()` does, and at the latest the end of the test process.
 */
export async function startTorNetwork(options: TorNetworkOptions = {}): Promise<TorNetwork> {
  const startedMs = performance.now();
  const reached = (what: string): void => options.onProgress?.(what, performance.now() - startedMs);
  const root = scratchFolder();
  const plans = await makePlans(root, options);
  const dirAuthorities = await Promise.all(
    plans
      .filter(({ role }) => role === 'authority')
      .map(async (plan) => dirAuthorityLine(plan, await makeAuthorityKeys(plan))),
  );
  reached('keys');
  const [origin, resolver] = await Promise.all([Origin.start(), Resolver.start()]);
  const resolvConfPath = join(root, 'resolv.conf');
  await writeFile(resolvConfPath, `nameserver 127.0.0.1:${resolver.port}\n`);
  const network = new TorNetwork({
    root,
    origin,
    resolver,
    common: {
      dirAuthorities,
      intervalSec: options.intervalSec ?? 10,
      emptyPath: await emptyFile(root),
      consensusParams: Object.entries(options.consensusParams ?? {}).map(
        ([name, value]) => `${name}=${value}`,
      ),
      resolvConfPath,
    },
    torrc: options.torrc ?? {},
  });
  const timer = setTimeout(() => void network.stop(), options.ttlMs ?? 200_000);
  timer.unref();
  try {
    await bringUp(network, plans, options, reached);
    return network;
  } catch (error) {
    await network.stop();
    throw error;
  }
}

async function makePlans(root: string, options: TorNetworkOptions): Promise<TorNodePlan[]> {
  await mkdir(root, { recursive: true });
  const counts: readonly (readonly [TorRole, number])[] = [
    ['authority', options.authorities ?? 3],
    ['relay', options.relays ?? 0],
    ['exit', options.exits ?? 3],
    ['client', options.clients ?? 1],
  ];
  const names = counts.flatMap(([role, count]) =>
    Array.from({ length: count }, (_, index) => ({ role, name: `${role}${index + 1}` })),
  );
  return Promise.all(names.map(({ role, name }) => planNode(root, role, name)));
}

async function bringUp(
  network: TorNetwork,
  plans: readonly TorNodePlan[],
  options: TorNetworkOptions,
  reached: (what: string) => void,
): Promise<void> {
  const launchAll = (roles: readonly TorRole[], torrc: readonly string[] = []): Promise<TorNode[]> => {
    const wanted = plans.filter(({ role }) => roles.includes(role));
    return Promise.all(
      wanted.map((plan) => network.launch(plan.role, plan.name, torrc, Promise.resolve(plan))),
    );
  };
  const accepting = untilAccepting(plans);
  const joining = accepting.then(() => options.onAuthorities?.(network) ?? []);
  const [authorities, relays, clients, guests] = await Promise.all([
    launchAll(['authority']),
    (options.relaysLast === true ? joining : accepting).then(() => launchAll(['relay', 'exit'])),
    // Who asks before there is a consensus waits long before asking again, so a client has to keep still.
    accepting.then(() => launchAll(['client'], ['DisableNetwork 1'])),
    joining,
  ]);
  reached('processes');
  const fingerprints = [...[...authorities, ...relays].map(({ fingerprint }) => fingerprint), ...guests];
  await network.waitUntilAnnounced(fingerprints, READY_TIMEOUT_MS);
  reached('descriptors');
  const settings = firstVote(Date.now());
  await Promise.all(authorities.map((node) => network.control(node).setConf(settings)));
  for (const fingerprint of fingerprints)
    await network.waitForRelay(fingerprint, ['Running', 'Valid'], READY_TIMEOUT_MS);
  reached('consensus');
  // HUP makes relays ask for it at once.
  await Promise.all(relays.map((node) => network.control(node).signal('HUP')));
  await Promise.all(clients.map((node) => network.control(node).setConf({ DisableNetwork: 0 })));
  for (const client of clients) await network.waitUntilBootstrapped(client, READY_TIMEOUT_MS);
  reached('clients bootstrapped');
  await network.waitUntilKnown(fingerprints, network.nodes, READY_TIMEOUT_MS);
  reached('consensus with everybody');
}

/** Who is announced to an authority before that accepts connections is announced again only much later. */
async function untilAccepting(plans: readonly TorNodePlan[]): Promise<void> {
  for (const { name, dirPort } of plans) {
    if (dirPort !== undefined) await until(`${name} listens`, () => listens(dirPort));
  }
}
