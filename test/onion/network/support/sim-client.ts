import type { OnionClient } from '../../../../engine/onion/client/onion-client.ts';
import type { OnionProgress } from '../../../../engine/onion/client/progress.ts';
import type { DirectoryAuthority } from '../../../../engine/onion/directory/authority-types.ts';
import type { SimHost } from '../../../../engine/runtime/sim/host.ts';
import { type ClientRoom, clientKit } from '../../client/support/client-kit.ts';
import { Visit, type VisitWish } from './visit.ts';

/** A client on a host of its own, and all that it wanted. */
export class SimClient {
  readonly host: SimHost;
  readonly client: OnionClient;
  readonly progress: readonly OnionProgress[];
  readonly visits: Visit[] = [];
  isReady = false;
  #wishes = 0;

  constructor(
    options: { readonly authorities: readonly DirectoryAuthority[] },
    modules: { readonly host: SimHost; readonly room: ClientRoom },
  ) {
    const { host, room } = modules;
    this.host = host;
    const { client, progress } = clientKit(
      { authorities: options.authorities, allowPrivateAnswers: true, circuitsMax: 16, buildingMax: 8 },
      { runtime: host.runtime, room },
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
    this.host.runtime.clock.setTimer(delayMs, () => void this.client.start());
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

  stop(): Promise<void> {
    return this.client.stop();
  }
}
