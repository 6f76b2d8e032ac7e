import type { KernelChoice } from '../../kernels/choice.ts';
import type { Kernels } from '../../kernels/module.ts';
import type { Slab } from '../../kernels/slab.ts';
import type { Endpoint, Runtime } from '../../runtime/port.ts';
import { DESTROY_REASON } from '../cell/reason.ts';
import type { ExitPolicy } from '../directory/policy-types.ts';
import { ClientAddresses } from '../flow/client-addresses.ts';
import type { ConsensusParams } from '../flow/consensus-param.ts';
import { type DosParams, dosParams } from '../flow/dos-params.ts';
import { schedulerHalflifeMs } from '../flow/ewma-scheduler.ts';
import { handshakeQueueOptions } from '../flow/handshake-queue.ts';
import { xonParams } from '../flow/xon-xoff.ts';
import type { CellBatch, Channel, ChannelEnd, ChannelHandler, ControlCell, LinkPeer } from '../link/types.ts';
import { CellPump } from './cell-pump.ts';
import { QueueRoom } from './cell-queue.ts';
import { ChannelManager } from './channel-manager.ts';
import { CipherBank } from './cipher-bank.ts';
import type { RelayCircuit } from './circuit.ts';
import { Circuits } from './circuits.ts';
import { ControlCells } from './control.ts';
import { RelayCounters } from './counters.ts';
import { Edge } from './edge/edge.ts';
import { EdgeRoom } from './edge/edge-room.ts';
import { Extender, type NextHop } from './extender.ts';
import type { Leg } from './leg.ts';
import { MemoryWatch } from './memory-watch.ts';
import { RelayMessages } from './messages.ts';
import { OnionskinDesk } from './onionskin-desk.ts';
import type { RelayLimits } from './options.ts';
import { Originator } from './originator.ts';
import { Port, type PortEvents } from './port.ts';
import type { DirectoryHandler, ExitSource, Links, OnionskinService, Resolver } from './services.ts';
import { Turn } from './turn.ts';

export interface DataPlaneOptions {
  readonly fingerprint: Uint8Array;
  readonly ed25519Id: Uint8Array;
  readonly exitPolicy: ExitPolicy;
  readonly allowPrivateAddresses: boolean;
  readonly params: ConsensusParams;
  readonly dos: Partial<DosParams>;
  readonly limits: RelayLimits;
}

export interface DataPlaneModules {
  readonly runtime: Runtime;
  readonly slab: Slab;
  readonly kernels: Kernels;
  readonly choice: KernelChoice;
  readonly links: Links;
  readonly onionskins: OnionskinService;
  readonly directory: DirectoryHandler | undefined;
  readonly resolver: Resolver | undefined;
  readonly exitSource: ExitSource;
}

/** All that moves cells, joined: links on one side, circuits, streams and queues on the other. */
export class DataPlane implements PortEvents {
  readonly counters = new RelayCounters();
  readonly ports = new Set<Port>();
  readonly circuits: Circuits;
  readonly channels: ChannelManager;
  readonly control: ControlCells;
  readonly edge: Edge;
  readonly edgeRoom: EdgeRoom;
  readonly desk: OnionskinDesk;
  readonly addresses: ClientAddresses;
  readonly memory: MemoryWatch;
  readonly queues: QueueRoom;
  readonly #options: DataPlaneOptions;
  readonly #modules: DataPlaneModules;
  readonly #bank: CipherBank;
  readonly #originator: Originator;
  readonly #turn: Turn;
  readonly #pump: CellPump;
  #halflifeMs: number;

  /** Throws AlliumError SLAB_FULL when the slab is too small for the limits. */
  constructor(options: DataPlaneOptions, modules: DataPlaneModules) {
    this.#options = options;
    this.#modules = modules;
    const { limits, params } = options;
    const { slab, runtime } = modules;
    const { clock, random } = runtime;
    const { counters } = this;
    const { bytes } = slab;
    this.#halflifeMs = schedulerHalflifeMs(params);
    this.queues = new QueueRoom({ slab });
    this.addresses = new ClientAddresses({ params: dosParams(params, options.dos) }, { random });
    const bank = new CipherBank(limits, modules);
    const lost = (circuit: RelayCircuit): void => {
      counters.refuse('memory');
      this.circuits.close(circuit, DESTROY_REASON.resourceLimit);
    };
    const originator = new Originator({ slab, bank, clock, random, counters, lost });
    const turn = new Turn({
      originator,
      pump: (circuit) => this.edge.pump(circuit),
      settled: () => this.memory.check(),
    });
    const endStreams = (circuit: RelayCircuit): void => this.edge.closeStreams(circuit);
    const circuits = new Circuits({ params }, { bank, room: this.queues, counters, endStreams });
    const dial = (to: Endpoint, hop: NextHop): Port | undefined => this.#dial(to, hop);
    this.channels = new ChannelManager(limits, { clock, counters, dial });
    const extender = new Extender(options, { channels: this.channels, circuits, originator, counters });
    const roomModules = { slab, room: this.queues, clock, counters, originator, turn };
    const room = new EdgeRoom({ xon: xonParams(params), ...limits }, roomModules);
    const edgeModules = { ...modules, network: runtime.network, room, circuits };
    const defence = dosParams(params, options.dos);
    this.edge = new Edge({ ...options, policy: options.exitPolicy, defence }, edgeModules);
    const messageModules = { bytes, clock, circuits, counters, originator, turn, edge: this.edge, extender };
    const messages = new RelayMessages(messageModules);
    this.desk = this.#openDesk(circuits);
    const controlModules = { clock, random, circuits, counters, extender };
    this.control = new ControlCells(limits, {
      ...controlModules,
      desk: this.desk,
      addresses: this.addresses,
    });
    this.memory = new MemoryWatch(limits, {
      room: this.queues,
      circuits,
      ports: this.ports,
      counters,
      clock,
    });
    this.#pump = new CellPump({ bytes, bank, circuits, messages, originator, turn, counters });
    this.circuits = circuits;
    this.edgeRoom = room;
    this.#bank = bank;
    this.#originator = originator;
    this.#turn = turn;
  }

  /** The owner of an incoming link; undefined: there are too many, and none that can be dropped for it. */
  accept(channel: Channel): ChannelHandler | undefined {
    const isAllowed = this.addresses.connected(channel.remoteHost, this.#modules.runtime.clock.now());
    if (isAllowed && this.#hasRoomForLink()) return new PortHandler(this, channel);
    if (isAllowed) this.addresses.disconnected(channel.remoteHost);
    this.counters.refuse('channels');
    return undefined;
  }

  /** A link and what it will carry. */
  addPort(channel: Channel): Port {
    const { clock, random } = this.#modules.runtime;
    const { queueCellsMax } = this.#options.limits;
    const options = { halflifeMs: this.#halflifeMs, queueCellsMax };
    const port = new Port(options, { channel, clock, random, counters: this.counters, events: this });
    this.ports.add(port);
    return port;
  }

  onPortOpen(port: Port, peer: LinkPeer): void {
    port.isOpen = true;
    this.channels.opened(port, peer);
    this.#turn.end();
  }

  onPortCells(port: Port, batch: CellBatch): void {
    this.#pump.onCells(port, batch);
    this.memory.check();
  }

  onPortControl(port: Port, cell: ControlCell): void {
    this.control.onControl(port, cell);
    this.#turn.end();
  }

  onPortWritable(port: Port): void {
    port.drain();
    this.#turn.end();
  }

  onPortClose(port: Port, end: ChannelEnd): void {
    port.isOpen = false;
    this.ports.delete(port);
    for (const leg of [...port.legs.values()]) {
      this.circuits.close(leg.circuit, DESTROY_REASON.channelClosed, leg);
    }
    this.channels.closed(port, end.kind === 'protocol' && end.reason === 'wrong-identity');
    this.#turn.end();
  }

  /** {@link PortEvents} */
  onRoom(leg: Leg): void {
    if (!leg.isNext) this.#turn.wake(leg.circuit);
  }

  /** {@link PortEvents} */
  onOverflow(leg: Leg, reason: 'queue-cells' | 'memory'): void {
    this.counters.refuse(reason);
    const { peer, remoteHost } = leg.port.channel;
    if (reason === 'queue-cells' && !leg.isNext && peer?.rsaFingerprint === undefined) {
      this.addresses.overflowed(remoteHost, this.#modules.runtime.clock.now());
    }
    this.circuits.close(leg.circuit, DESTROY_REASON.resourceLimit);
  }

  /** For circuits, streams and links from now on; the scheduler and the defences at once. */
  setParams(params: ConsensusParams): void {
    const nowMs = this.#modules.runtime.clock.now();
    this.circuits.setParams(params);
    this.edgeRoom.xon = xonParams(params);
    this.edge.defence = dosParams(params, this.#options.dos);
    this.addresses.setParams(dosParams(params, this.#options.dos), nowMs);
    this.#halflifeMs = schedulerHalflifeMs(params);
    for (const port of this.ports) port.setHalflife(this.#halflifeMs);
  }

  /** Closes everything and gives all memory back. */
  dispose(): void {
    for (const circuit of [...this.circuits.all]) this.circuits.close(circuit, DESTROY_REASON.finished);
    for (const port of [...this.ports]) port.channel.close('stopped');
    this.#originator.dispose();
    this.edgeRoom.dispose();
    this.#bank.dispose();
  }

  #openDesk(circuits: Circuits): OnionskinDesk {
    const { runtime, onionskins } = this.#modules;
    const { clock, random } = runtime;
    const options = handshakeQueueOptions(this.#options.params, 1);
    return new OnionskinDesk(options, {
      service: onionskins,
      clock,
      random,
      counters: this.counters,
      done: (circuit, outcome) => this.control.onHandshake(circuit, outcome),
      dropped: (circuit) => circuits.close(circuit, DESTROY_REASON.resourceLimit),
    });
  }

  #hasRoomForLink(): boolean {
    return this.ports.size < this.#options.limits.channelsMax || this.channels.dropIdleClient();
  }

  #dial(to: Endpoint, hop: NextHop): Port | undefined {
    if (!this.#hasRoomForLink()) return undefined;
    const handler = new PortHandler(this);
    const { rsaFingerprint, ed25519Id } = hop;
    const expected = ed25519Id === undefined ? { rsaFingerprint } : { rsaFingerprint, ed25519Id };
    return handler.take(this.#modules.links.dial(to, expected, handler));
  }
}

/** A link's events on their way to the {@link DataPlane}. */
class PortHandler implements ChannelHandler {
  readonly #plane: DataPlane;
  /** Of a caller, until it proves to be a relay: those are not counted. */
  #address: string | undefined;
  #port: Port | undefined;

  constructor(plane: DataPlane, accepted?: Channel) {
    this.#plane = plane;
    if (accepted === undefined) return;
    this.#address = accepted.remoteHost;
    this.take(accepted);
  }

  take(channel: Channel): Port {
    this.#port = this.#plane.addPort(channel);
    return this.#port;
  }

  onOpen(peer: LinkPeer): void {
    if (peer.rsaFingerprint !== undefined) this.#uncount();
    this.#plane.onPortOpen(this.#port!, peer);
  }

  onCells(batch: CellBatch): void {
    this.#plane.onPortCells(this.#port!, batch);
  }

  onControl(cell: ControlCell): void {
    this.#plane.onPortControl(this.#port!, cell);
  }

  onWritable(): void {
    this.#plane.onPortWritable(this.#port!);
  }

  onClose(end: ChannelEnd): void {
    this.#uncount();
    this.#plane.onPortClose(this.#port!, end);
  }

  #uncount(): void {
    if (this.#address !== undefined) this.#plane.addresses.disconnected(this.#address);
    this.#address = undefined;
  }
}
