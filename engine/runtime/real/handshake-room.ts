/** One that occupies a place until it is over. */
interface Occupant {
  readonly host: string;
  readonly drop: () => void;
}

export interface HandshakeRoomOptions {
  /** Under way at once. */
  readonly handshakesMax: number;
  /** Of one address. */
  readonly handshakesPerHostMax: number;
}

/**
 * Handshakes under way at a listener. Where there are too many, the oldest makes room: honest callers need a moment
 * and not more, so it is the silent ones that go, and a crowd of them does not lock everybody else out.
 */
export class HandshakeRoom {
  readonly #options: HandshakeRoomOptions;
  /** In the order of their coming. */
  readonly #occupants = new Set<Occupant>();
  readonly #byHost = new Map<string, Set<Occupant>>();

  constructor(options: HandshakeRoomOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#occupants.size;
  }

  /**
   * Lets one in, after dropping the oldest of its host or of all where there are too many: `drop` is called for that,
   * once at most. To be told when it is over; further calls do nothing.
   */
  enter(host: string, drop: () => void): () => void {
    const { handshakesMax, handshakesPerHostMax } = this.#options;
    const neighbours = this.#byHost.get(host);
    if (neighbours !== undefined && neighbours.size >= handshakesPerHostMax) this.#dropFirst(neighbours);
    else if (this.#occupants.size >= handshakesMax) this.#dropFirst(this.#occupants);
    const occupant = { host, drop };
    this.#occupants.add(occupant);
    const ofHost = this.#byHost.get(host);
    if (ofHost === undefined) this.#byHost.set(host, new Set([occupant]));
    else ofHost.add(occupant);
    return () => this.#leave(occupant);
  }

  #dropFirst(occupants: ReadonlySet<Occupant>): void {
    for (const oldest of occupants) {
      this.#leave(oldest);
      oldest.drop();
      return;
    }
  }

  #leave(occupant: Occupant): void {
    if (!this.#occupants.delete(occupant)) return;
    const ofHost = this.#byHost.get(occupant.host);
    ofHost?.delete(occupant);
    if (ofHost?.size === 0) this.#byHost.delete(occupant.host);
  }
}
