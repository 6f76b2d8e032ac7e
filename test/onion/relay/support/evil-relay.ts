import { decodeCreate2, encodeCreated2 } from '../../../../engine/onion/cell/circuit-messages.ts';
import { CELL, CELL_BODY_BYTES } from '../../../../engine/onion/cell/command.ts';
import { Create2Server } from '../../../../engine/onion/crypto/create2-server.ts';
import { X25519Key } from '../../../../engine/onion/crypto/x25519.ts';
import { CellMemory } from '../../../../engine/onion/link/cell-memory.ts';
import { acceptChannel } from '../../../../engine/onion/link/connect.ts';
import { createLinkStats } from '../../../../engine/onion/link/stats.ts';
import type { CellBatch, Channel, ChannelHandler, ControlCell } from '../../../../engine/onion/link/types.ts';
import type { CircuitId } from '../../../../engine/onion/units.ts';
import type { Runtime } from '../../../../engine/runtime/port.ts';
import { makeRelay } from '../../link/support.ts';
import { makeMemory, type RelayPlace } from './test-network.ts';

/** A relay that answers CREATE2, and then sends what a test tells it to. */
export class EvilRelay implements ChannelHandler {
  place!: RelayPlace;
  channel: Channel | undefined;
  circuit: CircuitId | undefined;
  readonly controls: number[] = [];
  /** Whether CREATE2 is answered. */
  answers = true;
  cells = 0;
  readonly #runtime: Runtime;
  #server!: Create2Server;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  async start(host: string): Promise<void> {
    const { random, network, clock } = this.#runtime;
    const relay = makeRelay(clock.wallClock(), random);
    const key = random.bytes(32).slice();
    const { rsaFingerprint: fingerprint, ed25519Id } = relay;
    this.#server = new Create2Server({
      fingerprint,
      identity: ed25519Id,
      onionKeys: [key],
      sendmeIncrement: undefined,
      cgo: false,
    });
    const modules = {
      runtime: this.#runtime,
      memory: new CellMemory({}, makeMemory(64)),
      stats: createLinkStats(),
    };
    const at = { host, port: 0, identity: relay.tls, handshakeTimeoutMs: 5000 };
    const settings = { credentials: relay.credentials, ownHosts: [host] };
    const listener = await network.listenTls(at, (stream) =>
      acceptChannel(stream, settings, modules, (channel) => {
        this.channel = channel;
        return this;
      }),
    );
    const endpoint = { host, port: listener.local.port };
    this.place = { endpoint, fingerprint, ed25519Id, onionKey: new X25519Key(key).publicKey };
  }

  /** Any cell on the circuit. */
  say(command: number, body: Uint8Array = new Uint8Array(CELL_BODY_BYTES)): void {
    this.channel!.sendControl(this.circuit!, command, body);
  }

  onOpen(): void {}

  onCells(batch: CellBatch): void {
    this.cells += batch.count;
  }

  onControl({ circuitId, command, body }: ControlCell): void {
    this.controls.push(command === CELL.destroy ? -body[0]! : command);
    if (command !== CELL.create2 || !this.answers) return;
    this.circuit = circuitId;
    const create = decodeCreate2(body);
    if (!create.ok) throw new Error('a bad CREATE2 was passed on');
    const ephemeralPrivateKey = this.#runtime.random.bytes(32).slice();
    const { type, data: onionSkin } = create.value;
    const done = this.#server.answer({ type, onionSkin, ephemeralPrivateKey });
    if (!done.ok) throw new Error(`a CREATE2 that is ${done.reason} was passed on`);
    this.channel!.sendControl(circuitId, CELL.created2, encodeCreated2(done.value.reply));
  }

  onWritable(): void {}

  onClose(): void {
    this.channel = undefined;
  }
}
