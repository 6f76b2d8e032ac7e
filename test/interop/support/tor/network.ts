import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../program.ts';
import { type TorCircuit, TorCircuits } from './circuits.ts';
import { type ConsensusRelay, parseConsensus, type TorConsensus } from './consensus.ts';
import { contentSha256 } from './content.ts';
import type { TorControl } from './control.ts';
import { type Fetched, type FetchOptions, fetchThrough } from './download.ts';
import { isRouter, type TorNode, type TorRole } from './node.ts';
import type { Origin } from './origin.ts';
import { type LaunchedNode, launchNode, planNode } from './process.ts';
import type { Resolver } from './resolver.ts';
import { type TorrcCommon, torrcOf } from './torrc.ts';

const POLL_MS = 100;

/** What a network is made of. */
export interface NetworkParts {
  /** Folder of all nodes, deleted when the test process ends. */
  readonly root: string;
  readonly origin: Origin;
  readonly resolver: Resolver;
  readonly common: TorrcCommon;
  /** Further torrc lines by node name, role or `all`. */
  readonly torrc: Readonly<Record<string, readonly string[]>>;
}

/** A private C tor network on 127.0.0.1. Made by `startTorNetwork`; see there. */
export class TorNetwork {
  readonly origin: Origin;
  readonly resolver: Resolver;
  readonly #parts: NetworkParts;
  readonly #launched: LaunchedNode[] = [];
  readonly #circuits = new Map<string, Promise<TorCircuits>>();
  #stopping: Promise<void> | undefined;

  constructor(parts: NetworkParts) {
    this.#parts = parts;
    this.origin = parts.origin;
    this.resolver = parts.resolver;
  }

  /** All nodes that were started, also those stopped since. */
  get nodes(): readonly TorNode[] {
    return this.#launched.map(({ node }) => node);
  }

  /** The nodes of a role, in the order of their numbers. */
  ofRole(role: TorRole): readonly TorNode[] {
    return this.nodes.filter((node) => node.role === role);
  }

  /** The node with this name, `client1`. Throws when there is none. */
  node(name: string): TorNode {
    const found = this.nodes.find((node) => node.name === name);
    if (found === undefined) throw new Error(`no node ${name}`);
    return found;
  }

  /** Values for DirAuthority options: `nickname orport=… v3ident=… address:dirport fingerprint`. */
  dirAuthorityLines(): readonly string[] {
    return this.#parts.common.dirAuthorities;
  }

  /** Starts one more node, for example a client that begins with the consensus of now. `plan` from an earlier call to planNode. */
  async launch(
    role: TorRole,
    name: string,
    torrc: readonly string[] = [],
    plan = planNode(this.#parts.root, role, name),
  ): Promise<TorNode> {
    const extra = [...['all', role, name].flatMap((who) => this.#parts.torrc[who] ?? []), ...torrc];
    const launched = await launchNode(await plan, torrcOf(await plan, this.#parts.common, extra));
    this.#launched.push(launched);
    // Several start at once and are ready in any order.
    this.#launched.sort((a, b) => rank(a.node) - rank(b.node));
    return launched.node;
  }

  /** The control connection of a running node. */
  control(node: TorNode): TorControl {
    const launched = this.#launched.find((one) => one.node === node);
    if (launched === undefined) throw new Error(`${node.name} is of another network`);
    return launched.control;
  }

  /** Opens circuits along given paths in this client. */
  circuits(client: TorNode = this.node('client1')): Promise<TorCircuits> {
    const known = this.#circuits.get(client.name);
    if (known !== undefined) return known;
    const circuits = TorCircuits.start(this.control(client));
    this.#circuits.set(client.name, circuits);
    return circuits;
  }

  /** A document of an authority, `/tor/server/fp/…`; undefined when it answers with an error or not. */
  async directory(path: string, authority = this.#anAuthority()): Promise<string | undefined> {
    if (authority?.dirPort === undefined) return undefined;
    return httpGet(authority.dirPort, path);
  }

  #anAuthority(): TorNode | undefined {
    return this.ofRole('authority').find(({ program }) => program.running);
  }

  /** The consensus of now; undefined when there is none yet. */
  async consensus(): Promise<TorConsensus | undefined> {
    const text = await this.directory('/tor/status-vote/current/consensus');
    return text?.includes('directory-signature') ? parseConsensus(text) : undefined;
  }

  /** Waits until every authority has the descriptors of these relays. */
  async waitUntilAnnounced(fingerprints: readonly string[], timeoutMs = 40_000): Promise<void> {
    for (const authority of this.ofRole('authority').filter(({ program }) => program.running)) {
      for (const fingerprint of fingerprints) {
        await this.poll(
          `${authority.name} has the descriptor of ${fingerprint}`,
          async () => (await this.directory(`/tor/server/fp/${fingerprint}`, authority)) !== undefined,
          timeoutMs,
        );
      }
    }
  }

  /** Waits until the consensus has this relay with these flags. */
  async waitForRelay(
    fingerprint: string,
    flags: readonly string[] = ['Running', 'Valid'],
    timeoutMs = 40_000,
  ): Promise<ConsensusRelay> {
    let last: ConsensusRelay | undefined;
    try {
      return await this.poll(
        `${fingerprint} is ${flags.join(', ')}`,
        async () => {
          last = (await this.consensus())?.relays.find((relay) => relay.fingerprint === fingerprint);
          return flags.every((flag) => last?.flags.includes(flag) ?? false) && last;
        },
        timeoutMs,
      );
    } catch (error) {
      throw new Error(`last seen with: ${last?.flags.join(' ') ?? 'nothing'}`, { cause: error });
    }
  }

  /**
   * Waits until the running nodes have these relays in the consensus they use themselves, clients also their
   * microdescriptors. An exit refuses streams whose last but one hop it does not know.
   */
  async waitUntilKnown(
    fingerprints: readonly string[],
    nodes: readonly TorNode[] = this.nodes,
    timeoutMs = 40_000,
  ): Promise<void> {
    for (const node of nodes.filter(({ program }) => program.running)) {
      for (const fingerprint of fingerprints) {
        await this.poll(
          `${node.name} knows ${fingerprint}`,
          () => this.control(node).knows(fingerprint, !isRouter(node.role)),
          timeoutMs,
        );
      }
    }
  }

  /**
   * Waits for relays that came after the start, and starts a client that can use them: one that runs already would
   * fetch the new consensus some 15 s later. Returns the client.
   */
  async takeIn(fingerprints: readonly string[], clientName: string, timeoutMs = 40_000): Promise<TorNode> {
    for (const fingerprint of fingerprints) await this.waitForRelay(fingerprint, undefined, timeoutMs);
    const client = await this.launch('client', clientName);
    const routers = this.nodes.filter(({ role }) => isRouter(role));
    await this.waitUntilKnown(fingerprints, [...routers, client], timeoutMs);
    await this.waitUntilBootstrapped(client, timeoutMs);
    return client;
  }

  /** Waits until this client or relay calls its bootstrap done. */
  async waitUntilBootstrapped(node: TorNode, timeoutMs = 40_000): Promise<void> {
    const control = this.control(node);
    await this.poll(
      `${node.name} is bootstrapped`,
      async () => (await control.bootstrapPercent()) === 100,
      timeoutMs,
    );
  }

  /** Fetches `path` of the origin through a client, on a circuit of its own choice. */
  fetch(path: string, options: FetchOptions = {}, client: TorNode = this.node('client1')): Promise<Fetched> {
    return fetchThrough(client.socksPort ?? 0, `${this.origin.url}${path}`, options);
  }

  /** Fetches `path` of the origin on this circuit of the client. */
  async fetchOn(
    circuit: TorCircuit,
    path: string,
    options: FetchOptions = {},
    client: TorNode = this.node('client1'),
  ): Promise<Fetched> {
    const circuits = await this.circuits(client);
    return this.fetch(path, { ...options, onLocalPort: (port) => circuits.direct(port, circuit) }, client);
  }

  /**
   * Opens a circuit along exactly this path (fingerprints), downloads `byteLength` bytes over it, and closes it.
   * Throws when the circuit is not built, or when bytes are missing or wrong.
   */
  async pathThrough(
    path: readonly string[],
    byteLength: number,
    client: TorNode = this.node('client1'),
  ): Promise<PathRun> {
    const circuits = await this.circuits(client);
    const circuit = await circuits.open(path);
    try {
      const fetched = await this.fetchOn(circuit, `/bytes/${byteLength}`, { timeoutMs: 120_000 }, client);
      checkContent(fetched, byteLength);
      return { circuit, fetched };
    } finally {
      await circuits.close(circuit);
    }
  }

  /** Ends all processes and servers. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    await Promise.all(this.#launched.map(({ node }) => node.program.stop()));
    for (const { control } of this.#launched) control.close();
    await Promise.all([this.origin.stop(), this.resolver.stop()]);
  }

  /** Waits, but not for a network one of whose processes died by itself. */
  async poll<T>(what: string, ready: () => Promise<T | undefined | false>, timeoutMs: number): Promise<T> {
    const watched = this.nodes.filter(({ program }) => program.running);
    return until(
      what,
      async () => {
        const value = await ready();
        if (value !== undefined && value !== false) return value;
        const dead = watched.find(({ program }) => !program.running);
        if (dead !== undefined) throw new Error(`${dead.name} has ended: ${dead.program.stdout}`);
        await sleep(POLL_MS);
        return undefined;
      },
      timeoutMs,
    );
  }
}

function rank({ role, name }: TorNode): number {
  const place = ['authority', 'relay', 'exit', 'client'].indexOf(role);
  return place * 1_000 + Number(/\d+$/.exec(name)?.[0] ?? 0);
}

/** A circuit and what was downloaded over it. */
export interface PathRun {
  readonly circuit: TorCircuit;
  readonly fetched: Fetched;
}

/** Throws unless these are the first `byteLength` bytes of the content of the origin. */
export function checkContent(fetched: Fetched, byteLength: number): void {
  if (fetched.status !== 200) throw new Error(`HTTP status ${fetched.status}`);
  if (fetched.byteLength !== byteLength) throw new Error(`${fetched.byteLength} bytes, not ${byteLength}`);
  if (fetched.sha256 !== contentSha256(byteLength)) throw new Error('the bytes are other ones');
}

function httpGet(port: number, path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const asked = get({ host: '127.0.0.1', port, path, agent: false, timeout: 5_000 }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('error', () => resolve(undefined));
      response.on('close', () => resolve(response.statusCode === 200 ? text : undefined));
    });
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => resolve(undefined));
  });
}
