/** The program of a shard's thread: a data plane of its own, with what the main thread tells it. */
import type net from 'node:net';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { AlliumError } from '../../../codec/error.ts';
import { encodeHex } from '../../../onion/directory/text.ts';
import type { ExitSource } from '../../../onion/relay/services.ts';
import type { Network, Timer } from '../../../runtime/port.ts';
import { receiveHandOvers } from '../../../runtime/real/hand-over.ts';
import type { RealNetwork } from '../../../runtime/real/network.ts';
import { createRealRuntime } from '../../../runtime/real/runtime.ts';
import { meterNetwork } from '../metered-network.ts';
import { NameResolver, RESOLVER_DEFAULTS } from '../name-resolver.ts';
import { RelayPlane } from '../relay-plane.ts';
import { TrafficGate } from '../traffic-gate.ts';
import { DirectoryAsker } from './directory-asker.ts';
import { type FromShard, REPORT_MS, type ShardSetup, type ToShard } from './messages.ts';

class Shard {
  readonly #setup: ShardSetup;
  readonly #port: MessagePort;
  readonly #clock = createRealRuntime().clock;
  readonly #gate: TrafficGate;
  readonly #resolver: NameResolver;
  readonly #plane: RelayPlane;
  readonly #asker: DirectoryAsker;
  #keys: ShardSetup['keys'];
  #situation: ShardSetup['situation'];
  #timer: Timer | undefined;
  #inbox: { close(): void } | undefined;

  constructor(setup: ShardSetup, port: MessagePort) {
    const { config, rate, keys, situation, kernels } = setup;
    const { nameServers, words } = config;
    const clock = this.#clock;
    this.#setup = setup;
    this.#port = port;
    this.#keys = keys;
    this.#situation = situation;
    this.#gate = new TrafficGate({ rate }, { clock });
    const resolving = { ...RESOLVER_DEFAULTS, nameServers, ipv6: words.exitIpv6 };
    this.#resolver = new NameResolver(resolving, { clock });
    this.#asker = new DirectoryAsker({
      clock,
      ask: (number, bytes) => this.#say({ kind: 'directory', number, bytes }),
    });
    const real = createRealRuntime();
    const network = meterNetwork(this.#takingOver(real.network), this.#gate);
    this.#plane = new RelayPlane(config, {
      runtime: { ...real, network },
      keys: () => this.#keys,
      kernels,
      directory: this.#asker.handler,
      resolver: this.#resolver,
      params: () => this.#situation.params,
      exitSource: this.#exitSource,
    });
    port.on('message', (message: ToShard) => this.#onMessage(message));
  }

  async open(): Promise<void> {
    try {
      await this.#plane.open();
    } catch (error) {
      if (!(error instanceof AlliumError)) throw error;
      this.#say({ kind: 'failed', error: error.toData() });
      this.#port.close();
      return;
    }
    this.#say({ kind: 'ready' });
    this.#reportLater();
  }

  /** Instead of listening: what the main thread has accepted. */
  #takingOver(network: RealNetwork): Network {
    return {
      ...network,
      listenTls: async (at, accept) => {
        const acceptor = network.acceptTls(at, accept);
        const { host, port } = at;
        const local = { host, port };
        // What comes in at a second place is handed over like the rest, by which the first has been begun.
        if (this.#inbox !== undefined) return { local, setIdentity: () => {}, close: async () => {} };
        const take = (socket: net.Socket): void => acceptor.take(socket);
        const inbox = receiveHandOvers(this.#setup.handOverPath, take);
        this.#inbox = inbox;
        return {
          local,
          setIdentity: acceptor.setIdentity,
          close: async () => inbox.close(),
        };
      },
    };
  }

  #onMessage(message: ToShard): void {
    const { relay } = this.#plane;
    switch (message.kind) {
      case 'situation':
        this.#situation = message;
        relay?.setConsensusParams(message.params);
        return;
      case 'keys':
        this.#keys = message.keys;
        if (message.change === 'link') relay?.setLinkOutfit(message.keys.outfit);
        else
          relay?.rotateOnionKey(message.change === 'onion-rotated' ? message.keys.onionKeys[0] : undefined);
        return;
      case 'hibernating':
        relay?.setHibernating(message.isHibernating);
        return;
      case 'rate':
        this.#gate.setRate(message.rate);
        return;
      case 'exit-policy':
        this.#plane.reconfigure({ ...this.#setup.config, exitPolicy: message.exitPolicy });
        return;
      case 'answer':
        this.#asker.answer(message.number, message.bytes);
        return;
      case 'stop':
        this.#stop();
    }
  }

  readonly #exitSource: ExitSource = (peer) => {
    if (peer?.rsaFingerprint === undefined) return false;
    const { listed } = this.#situation;
    return listed === undefined || listed.has(encodeHex(peer.rsaFingerprint));
  };

  #reportLater(): void {
    this.#timer = this.#clock.setTimer(REPORT_MS, () => {
      this.#report();
      this.#reportLater();
    });
  }

  #report(): void {
    const stats = this.#plane.relay?.stats();
    if (stats === undefined) return;
    const { receivedBytes, sentBytes, heldReads, heldWrites } = this.#gate;
    const traffic = { receivedBytes, sentBytes, heldReads, heldWrites };
    const { outcomes: dns, remembered: dnsRemembered } = this.#resolver;
    this.#say({ kind: 'report', stats, traffic, dns, dnsRemembered });
  }

  #stop(): void {
    this.#timer?.cancel();
    this.#inbox?.close();
    this.#resolver.close();
    this.#gate.close();
    this.#report();
    this.#plane
      .close()
      // The thread ends when its last connection is closed.
      .finally(() => this.#port.close())
      .catch(() => {});
  }

  #say(message: FromShard): void {
    this.#port.postMessage(message);
  }
}

if (parentPort !== null) await new Shard(workerData as ShardSetup, parentPort).open();
