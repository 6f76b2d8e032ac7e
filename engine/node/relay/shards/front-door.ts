import { createHmac, randomBytes } from 'node:crypto';
import net from 'node:net';
import type { Endpoint } from '../../../runtime/port.ts';
import { bindError } from '../../../runtime/real/network-error.ts';
import { pickShard, type ShardLoad, stickyShard } from './shard-plan.ts';

/** Who takes connections from the door. */
export interface DoorShard {
  readonly load: ShardLoad;
  give(socket: net.Socket): void;
}

/** The one port of a relay with shards: accepts connections and gives each to one of them. */
export class FrontDoor {
  /** Connections for which no shard was ready. */
  turnedAway = 0;
  readonly #server: net.Server;
  /** So that nobody can aim at one shard. */
  readonly #salt = randomBytes(32);
  readonly #shards: () => readonly DoorShard[];
  readonly #isSticky: () => boolean;

  private constructor(modules: {
    readonly shards: () => readonly DoorShard[];
    /** Whether all connections of an address go to one shard, because floods are counted by address. */
    readonly isSticky: () => boolean;
  }) {
    this.#shards = modules.shards;
    this.#isSticky = modules.isSticky;
    this.#server = net.createServer({ pauseOnConnect: true, noDelay: true }, (socket) => this.#take(socket));
  }

  /** Rejects with ADDRESS_IN_USE or NO_PERMISSION. */
  static async open(
    at: Endpoint,
    modules: { readonly shards: () => readonly DoorShard[]; readonly isSticky: () => boolean },
  ): Promise<FrontDoor> {
    const door = new FrontDoor(modules);
    const server = door.#server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(bindError(error, at)));
      server.listen({ host: at.host, port: at.port }, resolve);
    });
    server.removeAllListeners('error');
    // Accepting can fail later, out of descriptors for one: that connection is lost, the door stays open.
    server.on('error', () => {});
    return door;
  }

  get port(): number {
    return (this.#server.address() as net.AddressInfo).port;
  }

  close(): void {
    this.#server.close();
  }

  #take(socket: net.Socket): void {
    const shards = this.#shards();
    const loads = shards.map(({ load }) => load);
    const { remoteAddress } = socket;
    const chosen =
      this.#isSticky() && remoteAddress !== undefined
        ? stickyShard(loads, this.#hash(remoteAddress))
        : pickShard(loads);
    if (chosen === undefined) {
      this.turnedAway += 1;
      socket.destroy();
    } else shards[chosen]!.give(socket);
  }

  #hash(address: string): number {
    return createHmac('sha256', this.#salt).update(address).digest().readUInt32BE(0);
  }
}
