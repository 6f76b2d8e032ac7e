import type { AddressBytes } from '../../codec/compact-endpoint.ts';
import { hex } from '../../codec/hex.ts';
import type { Endpoint, Timer } from '../../runtime/port.ts';
import { Announcer } from './announcer.ts';
import { bootstrap, refreshBuckets } from './bootstrap.ts';
import { BUCKET_SIZE } from './bucket.ts';
import { addressBytes, endpointKey, familyOf } from './compact.ts';
import { Counters } from './counters.ts';
import { ExternalAddress } from './external-address.ts';
import { ID_BYTES, isLoopback, isSecureId, secureId } from './id.ts';
import { ItemStore } from './item-store.ts';
import { DhtItems } from './items.ts';
import { KnownNodes, PlainIdIndex } from './known-nodes.ts';
import { decodeKrpc } from './krpc-decode.ts';
import { KrpcWriter } from './krpc-encode.ts';
import type { KrpcMessage } from './krpc-types.ts';
import { BOOTSTRAP_MAX, DHT_DEFAULTS, type DhtOptions, MAINTENANCE_MS } from './options.ts';
import { findPeers } from './peer-search.ts';
import { PeerStore } from './peer-store.ts';
import { Pinger } from './pinger.ts';
import { AddressRateLimit } from './rate-limit.ts';
import { type Asker, Responder } from './responder.ts';
import { RoutingTable } from './routing-table.ts';
import { TokenKeeper } from './tokens.ts';
import { Transactions } from './transactions.ts';
import { Traversal, type TraversalModules, type TraversalOptions } from './traversal.ts';
import type {
  Announcement,
  AnnounceOptions,
  DhtModules,
  DhtStats,
  FindOptions,
  LookupReport,
  NodeContact,
  NodeLookup,
  PeersFound,
} from './types.ts';

/** What a look-up adds to what the node fills in. */
export type TraverseRequest = Pick<TraversalOptions, 'target' | 'name' | 'fields' | 'signal'> &
  Pick<TraversalModules, 'onMessage'> & {
    /** Nodes to begin with, beside those known. */
    readonly start?: readonly NodeContact[];
  };

/**
 * A node of the mainline DHT at one address (BEP 5; BEP 32 and 45: one for each address). It binds nothing: what comes
 * in is handed to {@link onDatagram}, what goes out goes through the port it was given.
 */
export class DhtNode implements NodeLookup {
  readonly family: AddressBytes;
  readonly options: Required<
    Omit<DhtOptions, 'family' | 'nodeId' | 'bootstrap' | 'savedNodes' | 'peerStore' | 'itemStore'>
  >;
  readonly modules: DhtModules;
  readonly transactions: Transactions;
  readonly items: DhtItems;
  readonly #counters = new Counters();
  readonly #tokens: TokenKeeper;
  readonly #peerStore: PeerStore;
  readonly #itemStore: ItemStore;
  readonly #responder: Responder;
  readonly #limit: AddressRateLimit;
  readonly #external = new ExternalAddress();
  readonly #announcer: Announcer;
  /** Where to begin when nobody is known, by endpoint. */
  readonly #entries = new Map<string, Endpoint>();
  readonly #saved: readonly NodeContact[];
  readonly #pinger: Pinger;
  readonly #known: KnownNodes;
  #table: RoutingTable;
  #running = false;
  #timer: Timer | undefined;
  #refreshing = false;
  #joining: Promise<void> | undefined;
  #joinAgain = false;
  #lookups = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(options: DhtOptions, modules: DhtModules & { readonly writer?: KrpcWriter }) {
    const { clock, random } = modules.runtime;
    const nowMs = clock.now();
    this.family = options.family ?? familyOf(modules.socket.local.host);
    this.options = { ...DHT_DEFAULTS, ...options };
    this.modules = modules;
    this.#saved = options.savedNodes ?? [];
    for (const endpoint of options.bootstrap ?? []) this.#remember(endpoint);
    const ownId = options.nodeId?.slice() ?? random.bytes(ID_BYTES);
    this.#table = new RoutingTable({ ownId, nowMs, perSubnetMax: this.options.perSubnetMax });
    const writer = modules.writer ?? new KrpcWriter();
    this.#known = new KnownNodes({
      index: modules.index ?? new PlainIdIndex({ capacity: this.options.knownMax }),
    });
    this.#tokens = new TokenKeeper({ nowMs }, { random });
    this.#peerStore = new PeerStore(options.peerStore ?? {}, { random });
    this.#itemStore = new ItemStore(options.itemStore);
    this.#limit = new AddressRateLimit(
      {
        perSec: this.options.answerBytesPerSec,
        burst: this.options.answerBytesBurst,
        places: this.options.rateLimitPlaces,
      },
      { random },
    );
    this.transactions = new Transactions(
      {
        timeoutMs: this.options.queryTimeoutMs,
        pendingMax: this.options.pendingQueriesMax,
        readOnly: this.options.readOnly,
      },
      { runtime: modules.runtime, writer, send: (bytes, to) => this.#send(bytes, to) },
    );
    this.#pinger = new Pinger({
      transactions: this.transactions,
      ownId: () => this.id,
      onAnswer: (contact, rttMs) => this.onAnswer(contact, rttMs),
      onFailure: (contact) => this.onFailure(contact),
    });
    this.#responder = new Responder(
      { family: this.family },
      {
        table: () => this.#table,
        sibling: () => modules.sibling?.(),
        tokens: this.#tokens,
        peers: this.#peerStore,
        items: this.#itemStore,
        writer,
      },
    );
    this.#announcer = new Announcer({ intervalMs: this.options.announceIntervalMs }, { node: this });
    this.items = new DhtItems({}, { node: this });
  }

  /** 20 bytes; may change while the address is found out (BEP 42). */
  get id(): Uint8Array {
    return this.#table.ownId;
  }

  get table(): RoutingTable {
    return this.#table;
  }

  get running(): boolean {
    return this.#running;
  }

  /** Our address as most others see it (BEP 42), as text. */
  get externalAddress(): string | undefined {
    return this.#external.decided;
  }

  /** Joins the network by the nodes it was given; resolves when its neighbours are found, or nobody answers. */
  async start(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    this.transactions.open();
    this.#schedule();
    await this.#join();
  }

  /** Nothing is sent or called back from here on; what waits ends with what it has. */
  async stop(): Promise<void> {
    this.#running = false;
    this.#timer?.cancel();
    this.#announcer.stop();
    this.items.stop();
    this.transactions.close();
    for (const go of this.#waiting.splice(0)) go();
  }

  /** A datagram that has come. Never throws for what a stranger sends. */
  onDatagram(bytes: Uint8Array, from: Endpoint): void {
    const counters = this.#counters;
    counters.datagramsIn++;
    counters.bytesIn += bytes.length;
    const message = decodeKrpc(bytes);
    if (typeof message === 'string') counters.malformed++;
    else if (!this.#running) return;
    else if (message.kind === 'q') this.#onQuery(message, from);
    else if (this.transactions.onMessage(message, from)) this.#onExternalAddress(message, from);
  }

  /** Somebody may be a node here (PORT of BEP 5, `nodes` of a torrent): it is asked who it is. */
  addNode(endpoint: Endpoint): void {
    if (!this.#remember(endpoint) || !this.#running) return;
    if (this.#table.size === 0) void this.#join();
    else this.#pinger.verify(endpoint);
  }

  /** Announces now and from then on; `onPeers` gets what the look-ups find, perhaps several times the same. */
  announce(
    infoHash: Uint8Array,
    port: number,
    onPeers: (peers: readonly Endpoint[]) => void,
    options: AnnounceOptions = {},
  ): Announcement {
    return this.#announcer.add(infoHash, port, onPeers, options);
  }

  /** One look-up. `onPeers` gets new peers as they are found; all of them come back in the end. Never rejects. */
  findPeers(
    infoHash: Uint8Array,
    onPeers: (peers: readonly Endpoint[]) => void = () => {},
    options: FindOptions = {},
  ): Promise<PeersFound> {
    return findPeers(this, infoHash, onPeers, options);
  }

  nearest(target: Uint8Array, count: number, nowMs: number): readonly NodeContact[] {
    return this.#table.nearest(target, count, nowMs);
  }

  /** The good nodes, to be kept for the next start. */
  export(): readonly NodeContact[] {
    return this.#table
      .nodes()
      .filter((node) => node.failures === 0)
      .map(({ id, host, port }) => ({ id, host, port }));
  }

  get stats(): DhtStats {
    const table = this.#table;
    return {
      ...this.#counters.view(),
      nodeId: hex(table.ownId),
      nodes: table.size,
      goodNodes: table.goodCount(this.modules.runtime.clock.now()),
      replacements: table.replacementCount,
      buckets: table.bucketCount,
      infoHashes: this.#peerStore.infoHashCount,
      peers: this.#peerStore.peerCount,
      items: this.#itemStore.count,
      pendingQueries: this.transactions.pending,
      queriesOut: this.transactions.sent,
      answersIn: this.transactions.answered,
      timeouts: this.transactions.timeouts,
      unexpected: this.transactions.unexpected,
      badTokens: this.#responder.badTokens,
    };
  }

  /** A look-up of any kind; waits while there are too many. */
  async traverse(request: TraverseRequest): Promise<{ report: LookupReport; traversal: Traversal }> {
    if (this.#lookups >= this.options.lookupsMax) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#lookups++;
    const { alpha, perSubnetMax, enforceIds } = this.options;
    const traversal = new Traversal(
      { k: BUCKET_SIZE, alpha, perSubnetMax, enforceIds, ...request },
      this.family,
      {
        runtime: this.modules.runtime,
        transactions: this.transactions,
        onAnswer: (contact, rttMs) => this.onAnswer(contact, rttMs),
        onFailure: (contact) => this.onFailure(contact),
        ...(request.onMessage === undefined ? {} : { onMessage: request.onMessage }),
      },
    );
    const nowMs = this.modules.runtime.clock.now();
    const known = [
      ...this.#known.nearest(request.target, BUCKET_SIZE * 2, nowMs),
      ...this.#table.candidates(request.target, BUCKET_SIZE * 2),
    ];
    const report = await traversal.run(this.#running ? [...known, ...(request.start ?? [])] : []);
    this.#lookups--;
    this.#waiting.shift()?.();
    return { report, traversal };
  }

  /** A node has answered a query of ours. */
  onAnswer(contact: NodeContact, rttMs: number): void {
    const nowMs = this.modules.runtime.clock.now();
    this.#known.answered(contact, rttMs, nowMs);
    const check = this.#table.answered(contact, rttMs, nowMs);
    if (this.#running) this.#pinger.check(check);
  }

  onFailure(contact: Endpoint): void {
    this.#known.failed(contact);
    const check = this.#table.failed(contact.host, contact.port, this.modules.runtime.clock.now());
    if (this.#running) this.#pinger.check(check);
  }

  /** Asks a node of unknown id who is near a target; for those that a search begins with. */
  askForNodes(to: Endpoint, target: Uint8Array, onNodes: (message: KrpcMessage | undefined) => void): void {
    const sent = this.transactions.query(
      to,
      'find_node',
      { id: this.id, target },
      {
        answer: (message, rttMs) => {
          this.onAnswer({ id: message.id.slice(), host: to.host, port: to.port }, rttMs);
          onNodes(message);
        },
        fail: () => {
          this.onFailure(to);
          onNodes(undefined);
        },
      },
    );
    if (!sent) onNodes(undefined);
  }

  #send(bytes: Uint8Array, to: Endpoint): void {
    this.#counters.datagramsOut++;
    this.#counters.bytesOut += bytes.length;
    this.modules.socket.send(bytes, to);
  }

  #onQuery(query: KrpcMessage, from: Endpoint): void {
    this.#counters.queriesIn++;
    const address = addressBytes(from.host);
    // BEP 43: a read-only node answers nobody.
    if (address === undefined || this.options.readOnly) return;
    const nowMs = this.modules.runtime.clock.now();
    const exempt = isLoopback(address);
    if (!exempt && !this.#limit.allows(address, nowMs)) {
      this.#counters.limited++;
      return;
    }
    const compact = new Uint8Array(address.length + 2);
    compact.set(address);
    compact[address.length] = from.port >> 8;
    compact[address.length + 1] = from.port;
    const asker: Asker = { host: from.host, port: from.port, address, compact };
    const answer = this.#responder.answer(query, asker, nowMs);
    if (!exempt) this.#limit.take(address, answer.length, nowMs);
    this.#send(answer, from);
    if (!query.readOnly) this.#onAsker(query.id, from, nowMs);
  }

  /** Who asks may become known, but only after it has answered itself: anybody can claim any id. */
  #onAsker(id: Uint8Array, from: Endpoint, nowMs: number): void {
    const known = this.#table.find(from.host, from.port);
    if (known !== undefined) this.#table.asked({ id, host: from.host, port: from.port }, nowMs);
    else if (!this.#pinger.isBusy && this.#table.hasRoomFor(id, nowMs)) this.#pinger.verify(from);
  }

  /** BEP 42: finds out the own address, and takes an id that fits it. */
  #onExternalAddress(message: KrpcMessage, from: Endpoint): void {
    const compact = message.externalAddress;
    if (compact?.length !== this.family + 2) return;
    const address = this.#external.vote(from.host, compact);
    if (address === undefined || this.options.keepNodeId || isSecureId(this.id, address)) return;
    this.#changeId(secureId(address, this.modules.runtime.random));
  }

  #changeId(ownId: Uint8Array): void {
    const nowMs = this.modules.runtime.clock.now();
    const before = this.#table;
    this.#table = new RoutingTable({ ownId, nowMs, perSubnetMax: this.options.perSubnetMax });
    for (const node of before.nodes()) {
      if (node.failures === 0) this.#table.answered(node, node.rttMs, nowMs);
    }
    void this.traverse({ target: ownId, name: 'find_node', fields: { id: ownId, target: ownId } });
  }

  #remember(endpoint: Endpoint): boolean {
    if (familyOf(endpoint.host) !== this.family || addressBytes(endpoint.host) === undefined) return false;
    if (this.#entries.size >= BOOTSTRAP_MAX) return true;
    this.#entries.set(endpointKey(endpoint), endpoint);
    return true;
  }

  /** Once at a time; who asks for it meanwhile makes it begin again where nobody has answered. */
  #join(): Promise<void> {
    if (this.#joining !== undefined) this.#joinAgain = true;
    this.#joining ??= bootstrap(this, this.#saved, [...this.#entries.values()]).then(() => {
      this.#joining = undefined;
      const again = this.#joinAgain && this.#running && this.#table.size === 0;
      this.#joinAgain = false;
      return again ? this.#join() : undefined;
    });
    return this.#joining;
  }

  async #refresh(): Promise<void> {
    if (this.#refreshing) return;
    this.#refreshing = true;
    await refreshBuckets(this, this.#table.staleBuckets(this.modules.runtime.clock.now()));
    this.#refreshing = false;
  }

  #schedule(): void {
    const { clock, random } = this.modules.runtime;
    // Not all nodes of a house at the same moment.
    this.#timer = clock.setTimer(MAINTENANCE_MS + random.below(1000), () => {
      if (!this.#running) return;
      this.#schedule();
      const nowMs = clock.now();
      this.#peerStore.expire(nowMs);
      this.#itemStore.expire(nowMs);
      if (this.#table.size === 0) void this.#join();
      else void this.#refresh();
    });
  }
}
