import type { OnionClient } from '../../../../engine/onion/client/onion-client.ts';
import type { OnionProgress } from '../../../../engine/onion/client/progress.ts';
import { STORE_KEYS } from '../../../../engine/onion/client/stored-documents.ts';
import type { DirectoryAuthority } from '../../../../engine/onion/directory/authority-types.ts';
import type { SimHost } from '../../../../engine/runtime/sim/host.ts';
import { type ClientRoom, clientKit, MemoryStore } from '../../client/support/client-kit.ts';
import type { Published } from './authorities.ts';
import { Visit, type VisitWish } from './visit.ts';

/** A client on a host of its own, and all that it wanted. */
export class SimClient {
  readonly host: SimHost;
  readonly client: OnionClient;
  readonly progress: readonly OnionProgress[];
  readonly visits: Visit[] = [];
  isReady = false;
  readonly #store = new MemoryStore();
  readonly #known: () => Published['texts'] | undefined;
  #wishes = 0;

  constructor(
    options: { readonly authorities: readonly DirectoryAuthority[]; readonly preBuild: boolean },
    modules: {
      readonly host: SimHost;
      readonly room: ClientRoom;
      /** What it has from an earlier run, asked for when it starts. */
      readonly known: () => Published['texts'] | undefined;
    },
  ) {
    const { host, room } = modules;
    this.host = host;
    this.#known = modules.known;
    const { client, progress } = clientKit(
      { ...options, allowPrivateAnswers: true, circuitsMax: 16, buildingMax: 8 },
      { runtime: host.runtime, room, store: this.#store },
    );
    this.client = client;
    this.progress = progress;
    client.ready.then(
      () => {
        this.isReady = true;
      },
      () => {},
    );
  }

  /** After `delayMs` of virtual time. */
  startIn(delayMs: number): void {
    this.host.runtime.clock.setTimer(delayMs, () => void this.#start());
  }

  visitIn(delayMs: number, wish: VisitWish): void {
    const { clock } = this.host.runtime;
    this.#wishes += 1;
    clock.setTimer(delayMs, () => this.visits.push(new Visit(wish, { client: this.client, clock })));
  }

  /** Whether every stream that it wanted has come to an end. */
  get isDone(): boolean {
    return this.visits.length === this.#wishes && this.visits.every(({ outcome }) => outcome !== undefined);
  }

  async #start(): Promise<void> {
    const known = this.#known();
    if (known !== undefined) {
      await this.#store.set(STORE_KEYS.consensus, known.consensus);
      await this.#store.set(STORE_KEYS.certificates, known.certificates);
      await this.#store.set(STORE_KEYS.microdescriptors, known.microdescriptors);
    }
    await this.client.start();
  }

  stop(): Promise<void> {
    return this.client.stop();
  }
}
