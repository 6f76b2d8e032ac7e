import { asDict, asInteger, decodeBencode, encodeBencode } from '../../../../engine/codec/bencode.ts';
import type { ByteStream, Endpoint, StreamHandler } from '../../../../engine/runtime/port.ts';
import type { SimHost } from '../../../../engine/runtime/sim/host.ts';
import type { SimWorld } from '../../../../engine/runtime/sim/world.ts';

const PART = 16_384;

/** A peer that speaks nothing but handshakes and ut_metadata, and that as badly as a test wants. */
export class FakeMetadataPeer {
  readonly at: Endpoint;
  /** Requests that came. */
  asked = 0;
  partsHeard = 0;
  rejectsHeard = 0;
  private readonly host: SimHost;
  private readonly options: {
    readonly info: Uint8Array;
    readonly infoHash?: Uint8Array;
    readonly refuse?: boolean;
    readonly silent?: boolean;
  };
  private stream: ByteStream | undefined;
  /** The number the other side wants ut_metadata under. */
  private theirs = 0;

  constructor(world: SimWorld, address: string, options: FakeMetadataPeer['options']) {
    this.host = world.host({ address });
    this.at = { host: address, port: 6881 };
    this.options = options;
  }

  async listen(world: SimWorld): Promise<void> {
    let listening = false;
    const accept = (stream: ByteStream): StreamHandler => {
      this.stream = stream;
      return this.handler();
    };
    void this.host.runtime.network.listen(this.at, accept).then(() => (listening = true));
    await world.run({ until: () => listening });
  }

  dial(_world: SimWorld, to: Endpoint, infoHash: Uint8Array): void {
    this.stream = this.host.runtime.network.connect(to, this.handler(infoHash), { timeoutMs: 5000 });
  }

  request(part: number): void {
    this.say(encodeBencode({ msg_type: 0, piece: part }));
  }

  private handler(dialled?: Uint8Array): StreamHandler {
    const target = new Uint8Array(65_536);
    let held = Buffer.alloc(0);
    let greeted = false;
    return {
      onOpen: () => {
        if (dialled !== undefined) this.greet(dialled);
      },
      readTarget: () => target,
      onRead: (length) => {
        held = Buffer.concat([held, target.subarray(0, length)]);
        if (!greeted && held.length >= 68) {
          greeted = true;
          if (dialled === undefined) this.greet(held.subarray(28, 48));
          held = held.subarray(68);
        }
        while (greeted && held.length >= 4 && held.length >= 4 + held.readUInt32BE(0)) {
          const end = 4 + held.readUInt32BE(0);
          this.take(held.subarray(4, end));
          held = held.subarray(end);
        }
      },
      onDrain: () => {},
      onClose: () => {},
    };
  }

  private greet(infoHash: Uint8Array): void {
    const greeting = Buffer.alloc(68);
    greeting.write('\x13BitTorrent protocol', 0, 'latin1');
    greeting[25] = 0x10;
    greeting.set(infoHash, 28);
    greeting.write(`-FK0000-${this.at.host.padStart(12, '0')}`, 48);
    this.stream?.write(greeting);
    this.extended(0, encodeBencode({ m: { ut_metadata: 7 }, metadata_size: this.options.info.length }));
  }

  private take(message: Buffer): void {
    if (message[0] !== 20) return;
    const payload = message.subarray(2);
    const result = decodeBencode(payload, { allowTrailing: true });
    const fields = result.ok ? asDict(result.value) : undefined;
    if (message[1] === 0) {
      this.theirs = asInteger(asDict(fields?.get('m'))?.get('ut_metadata')) ?? 0;
      return;
    }
    if (message[1] !== 7) return;
    const type = asInteger(fields?.get('msg_type'));
    if (type === 1) this.partsHeard++;
    if (type === 2) this.rejectsHeard++;
    if (type === 0) this.answer(asInteger(fields?.get('piece'))!);
  }

  private answer(part: number): void {
    this.asked++;
    const { info, refuse, silent } = this.options;
    if (silent === true) return;
    if (refuse === true) {
      this.say(encodeBencode({ msg_type: 2, piece: part }));
      return;
    }
    const head = encodeBencode({ msg_type: 1, piece: part, total_size: info.length });
    this.say(Buffer.concat([head, info.subarray(part * PART, (part + 1) * PART)]));
  }

  private say(payload: Uint8Array): void {
    this.extended(this.theirs, payload);
  }

  private extended(number: number, payload: Uint8Array): void {
    const frame = Buffer.alloc(6 + payload.length);
    frame.writeUInt32BE(2 + payload.length, 0);
    frame[4] = 20;
    frame[5] = number;
    frame.set(payload, 6);
    this.stream?.write(frame);
  }
}
