import type { Endpoint } from '../../runtime/port.ts';

/** A peer as an extension from outside of this room sees it. */
export interface PlugPeer {
  /** Unique while the shard lives. */
  readonly id: number;
  /** Where others can dial it; undefined when that is not known. */
  readonly dialable: Endpoint | undefined;
  /** This side has dialled it, so it can be reached there. */
  readonly isOutgoing: boolean;
  readonly isSeed: boolean;
  /** BEP 55. */
  readonly canHolepunch: boolean;
  /** It has agreed to this extension. */
  readonly takes: boolean;
  /** Sends a message of this extension; nothing happens when the peer does not take it. */
  send(payload: Uint8Array): void;
}

/** An extension (BEP 10) that lives outside of this room, such as PEX: discovery is another room. */
export interface ExtensionPlug {
  /** As in the handshake. */
  readonly name: string;
  /** A message; `payload` is a view. A reason closes the peer. */
  take(peer: PlugPeer, payload: Uint8Array): 'bad-extension' | undefined;
  /** About once a second. `peers` is only to be called when there is something to do. */
  tick(nowMs: number, peers: () => readonly PlugPeer[]): void;
  gone(peer: number): void;
}
