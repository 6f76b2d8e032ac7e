import type { Clock, Random, Timer } from '../../runtime/port.ts';
import { CHOKER_START, chokeRound, freeSlots } from '../choker/choker.ts';
import type { ChokerOptions, ChokerState } from '../choker/types.ts';
import type { TorrentPeer } from './torrent-peer.ts';

/** Carries out what the choker decides, every round, and fills slots that fall free in between. */
export class ChokeLoop {
  private options: ChokerOptions;
  private readonly modules: {
    readonly clock: Clock;
    readonly random: Random;
    readonly peers: ReadonlyMap<number, TorrentPeer>;
    readonly mode: () => 'leech' | 'seed';
  };
  private state: ChokerState = CHOKER_START;
  private timer: Timer | undefined;

  constructor(options: ChokerOptions, modules: ChokeLoop['modules']) {
    this.options = options;
    this.modules = modules;
  }

  start(): void {
    this.timer = this.modules.clock.setTimer(this.options.roundMs, () => {
      this.round();
      this.start();
    });
  }

  stop(): void {
    this.timer?.cancel();
    this.timer = undefined;
  }

  /** Another number of slots; counts at once. */
  setSlots(slots: number): void {
    if (slots === this.options.slots) return;
    this.options = { ...this.options, slots };
    if (this.timer !== undefined) this.round();
  }

  /** A peer has become interested: serve it at once when a slot is free. */
  onInterested(peer: TorrentPeer): void {
    if (!peer.connection.amChoking) return;
    if (freeSlots(this.chokerPeers(), this.options.slots) > 0) peer.connection.setChoking(false);
  }

  private round(): void {
    const { clock, random, peers, mode } = this.modules;
    const decision = chokeRound(this.state, this.chokerPeers(), mode(), clock.now(), random, this.options);
    this.state = decision.state;
    for (const id of decision.choke) peers.get(id)?.connection.setChoking(true);
    for (const id of decision.unchoke) peers.get(id)?.connection.setChoking(false);
  }

  private chokerPeers() {
    const now = this.modules.clock.now();
    return [...this.modules.peers.values()].map((peer) => peer.toChokerPeer(now));
  }
}
