import type { ByteStream, Endpoint, StreamHandler } from '../../../engine/runtime/port.ts';
import type { SimHost } from '../../../engine/runtime/sim/host.ts';

/** A peer made of raw bytes. */
export interface Stranger {
  readonly stream: ByteStream;
  readonly received: Buffer[];
  closed: boolean;
}

/** Connects a peer that greets, and says what the test makes it say. */
export function stranger(
  host: SimHost,
  to: { readonly target: Endpoint; readonly infoHash: Uint8Array },
  options: {
    readonly index?: number;
    readonly fast?: boolean;
    readonly extended?: boolean;
    readonly mute?: boolean;
  } = {},
): Stranger {
  const target = new Uint8Array(65_536);
  const self = { received: [] as Buffer[], closed: false } as {
    -readonly [key in keyof Stranger]: Stranger[key];
  };
  const handler: StreamHandler = {
    onOpen() {
      if (options.mute === true) return;
      const greeting = Buffer.alloc(68);
      greeting.write('\x13BitTorrent protocol', 0, 'latin1');
      greeting[25] = options.extended === true ? 16 : 0;
      greeting[27] = options.fast === true ? 4 : 0;
      greeting.set(to.infoHash, 28);
      greeting.write(`-XX0000-${String(options.index ?? 0).padStart(12, '0')}`, 48);
      self.stream.write(greeting);
    },
    readTarget: () => target,
    onRead: (length) => self.received.push(Buffer.from(target.subarray(0, length))),
    onDrain() {},
    onClose() {
      self.closed = true;
    },
  };
  self.stream = host.runtime.network.connect(to.target, handler, { timeoutMs: 5000 });
  return self;
}

/** A message with numbers of 32 bits behind its id. */
export function message(id: number, ...words: number[]): Buffer {
  const bytes = Buffer.alloc(5 + words.length * 4);
  bytes.writeUInt32BE(1 + words.length * 4, 0);
  bytes[4] = id;
  for (const [i, word] of words.entries()) bytes.writeUInt32BE(word, 5 + i * 4);
  return bytes;
}
