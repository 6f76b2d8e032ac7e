import type { UtpConnection } from '../../../../engine/bittorrent/utp/connection.ts';
import type { UtpOptions } from '../../../../engine/bittorrent/utp/endpoint.ts';
import { readPacket, UtpPacket, writeHeader } from '../../../../engine/bittorrent/utp/packet.ts';
import type { DatagramSocket, Endpoint } from '../../../../engine/runtime/port.ts';
import { SimWorld } from '../../../../engine/runtime/sim/world.ts';
import { Recorder, type RecorderOptions } from '../../../runtime/conformance/recorder.ts';
import { openUtp, type UtpHost } from './utp-network.ts';

export const HERE: Endpoint = { host: '10.0.0.1', port: 6881 };
export const THERE: Endpoint = { host: '10.0.0.2', port: 7000 };

/** A packet that the peer got, with a copy of its bytes. */
export type Got = UtpPacket & { readonly bytes: Uint8Array; readonly atMs: number };

/** What the peer says in a packet; the rest is as a peer that stands at `seq` and `ack`. */
export type Say = Partial<
  Pick<UtpPacket, 'type' | 'connectionId' | 'timestampUs' | 'differenceUs' | 'windowBytes' | 'seq' | 'ack'>
> & {
  readonly payload?: Uint8Array;
  /** Selective acknowledgement. */
  readonly sack?: readonly number[];
};

/** An endpoint of ours, and a peer whose every packet the test writes by hand. */
export class ScriptedPeer {
  readonly world: SimWorld;
  readonly ours: UtpHost;
  readonly got: Got[] = [];
  readonly owner: Recorder;
  private readonly socket: DatagramSocket;
  connectionId = 0;
  seq = 0;
  ack = 0;

  private constructor(world: SimWorld, ours: UtpHost, socket: DatagramSocket, owner: Recorder) {
    this.world = world;
    this.ours = ours;
    this.socket = socket;
    this.owner = owner;
  }

  static async start(
    options: Partial<UtpOptions> = {},
    recorder: RecorderOptions = {},
  ): Promise<ScriptedPeer> {
    const world = new SimWorld({ seed: 7 });
    const [left, right] = [world.host({ address: HERE.host }), world.host({ address: THERE.host })];
    world.link(left, right, { latencyMs: 10 });
    const ours = await openUtp(left.runtime, HERE, options);
    const inbox: ((bytes: Uint8Array) => void)[] = [];
    const socket = await right.runtime.network.bindDatagram(THERE, (bytes) => inbox[0]?.(bytes));
    const peer = new ScriptedPeer(world, ours, socket, new Recorder(recorder));
    inbox.push((bytes) => peer.take(bytes));
    return peer;
  }

  get last(): Got {
    const last = this.got.at(-1);
    if (last === undefined) throw new Error('nothing came');
    return last;
  }

  /** Our connection, seen from inside. */
  get connection(): UtpConnection {
    return this.owner.stream as UtpConnection;
  }

  say(what: Say): void {
    const { payload = new Uint8Array(0), sack } = what;
    const headBytes = 20 + (sack === undefined ? 0 : 2 + sack.length);
    const bytes = new Uint8Array(headBytes + payload.length);
    const fields = {
      type: 2 as const,
      connectionId: this.connectionId,
      timestampUs: (this.world.nowMs * 1000) >>> 0,
      differenceUs: 10_000,
      windowBytes: 1 << 20,
      seq: this.seq,
      ack: this.ack,
      ...what,
    };
    writeHeader(bytes, fields);
    if (sack !== undefined) {
      bytes[1] = 1;
      bytes.set([0, sack.length, ...sack], 20);
    }
    bytes.set(payload, headBytes);
    this.socket.send(bytes, HERE);
  }

  async pass(ms = 50): Promise<void> {
    await this.world.run({ forMs: ms });
  }

  /** We call the peer, which answers with the number 5000: that is what its first data will have. */
  async called(): Promise<void> {
    this.owner.stream = this.ours.endpoint.connect(THERE, this.owner, { timeoutMs: 5000 });
    await this.pass(15);
    this.connectionId = this.last.connectionId;
    this.seq = 5000;
    this.ack = 1;
    this.say({});
    await this.pass(30);
  }

  /** The peer calls us, shows that it has our answer, and stands at number 2 then. */
  async calls(): Promise<void> {
    this.ours.endpoint.listen((stream) => {
      this.owner.stream = stream;
      return this.owner;
    });
    this.say({ type: 4, connectionId: 300, seq: 1, ack: 0 });
    await this.pass();
    this.connectionId = 301;
    this.ack = (this.last.seq - 1) & 0xffff;
    this.seq = 2;
    this.say({});
    await this.pass();
  }

  /** Packets of data that came, sent again or not. */
  data(): Got[] {
    return this.got.filter(({ type }) => type === 0);
  }

  private take(bytes: Uint8Array): void {
    const packet = new UtpPacket();
    if (!readPacket(bytes, packet)) throw new Error('we sent no uTP');
    this.got.push(Object.assign(packet, { bytes, atMs: this.world.nowMs }));
  }
}
