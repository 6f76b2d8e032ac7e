import { readUint16, readUint32, writeUint16, writeUint32 } from '../../codec/big-endian.ts';
import { KEY_BYTES, PRIVATE_KEY_BYTES, publicKeyOf, sharedSecret } from './diffie-hellman.ts';
import { HandshakeInput } from './handshake-input.ts';
import { HASH_BYTES, streamKey, syncMark, torrentHash, torrentMark } from './hashes.ts';
import { joined, privateKey, randomPad } from './padding.ts';
import {
  CONSTANT_BYTES,
  METHOD,
  type MethodName,
  type MseCipher,
  type MseFault,
  type MseHandshake,
  type MseModules,
  type MseStep,
  PAD_BYTES_MAX,
} from './types.ts';

const NOTHING = new Uint8Array(0);

export interface CallerOptions {
  /** SKEY: names the torrent, 20 bytes. */
  readonly infoHash: Uint8Array;
  /** What is offered. */
  readonly methods: readonly MethodName[];
  /** Sent along enciphered, at most {@link INITIAL_PAYLOAD_BYTES_MAX} bytes: the peer's handshake, usually. */
  readonly initialPayload: Uint8Array;
}

/** The side that dials: “A” in the description of MSE. */
export class MseCaller implements MseHandshake {
  private readonly options: CallerOptions;
  private readonly modules: MseModules;
  private readonly key: Uint8Array;
  private readonly input = new HandshakeInput();
  private state: 'key' | 'constant' | 'choice' | 'pad' = 'key';
  private encrypt: MseCipher | undefined;
  private decrypt: MseCipher | undefined;
  private constant: Uint8Array = NOTHING;
  private method: MethodName = 'rc4';
  private padBytes = 0;

  constructor(options: CallerOptions, modules: MseModules) {
    this.options = options;
    this.modules = modules;
    this.key = privateKey(modules.random);
  }

  start(): Uint8Array {
    return joined(publicKeyOf(this.key.subarray(0, PRIVATE_KEY_BYTES)), randomPad(this.modules.random));
  }

  take(bytes: Uint8Array): MseStep {
    this.input.push(bytes);
    let send: Uint8Array = NOTHING;
    if (this.state === 'key') {
      if (this.input.startsLikePlain()) return this.fault('plain-answer');
      if (this.input.length < KEY_BYTES) return { kind: 'more', send };
      const said = this.introduce(this.input.take(KEY_BYTES));
      if (typeof said === 'string') return this.fault(said);
      send = said;
      this.state = 'constant';
    }
    if (this.state === 'constant') {
      const found = this.input.skipPast(this.constant, PAD_BYTES_MAX);
      if (found === false) return this.fault('no-sync');
      if (found === 'more') return { kind: 'more', send };
      this.state = 'choice';
    }
    if (this.state === 'choice') {
      const head = this.input.peekClear(6, this.decrypt!);
      if (head === undefined) return { kind: 'more', send };
      const fault = this.choose(readUint32(head, 0), readUint16(head, 4));
      if (fault !== undefined) return this.fault(fault);
      this.input.take(6);
      this.state = 'pad';
    }
    if (this.input.peekClear(this.padBytes, this.decrypt!) === undefined) return { kind: 'more', send };
    this.input.take(this.padBytes);
    return this.finish(send);
  }

  close(): void {
    this.encrypt?.close();
    this.decrypt?.close();
    this.encrypt = undefined;
    this.decrypt = undefined;
  }

  /** The other side's key has come: everything that proves which torrent is meant, and the initial payload. */
  private introduce(peerKey: Uint8Array): Uint8Array | MseFault {
    const { infoHash, methods, initialPayload } = this.options;
    const secret = sharedSecret(this.key, peerKey);
    if (secret === undefined) return 'bad-key';
    this.encrypt = this.modules.openCipher(streamKey('keyA', secret, infoHash));
    this.decrypt = this.modules.openCipher(streamKey('keyB', secret, infoHash));
    if (this.encrypt === undefined || this.decrypt === undefined) return 'no-memory';
    // The answer begins with zeros under RC4: its key stream, so that is what is looked for.
    this.constant = new Uint8Array(CONSTANT_BYTES);
    this.decrypt.crypt(this.constant, CONSTANT_BYTES);
    const padBytes = this.modules.random.below(PAD_BYTES_MAX + 1);
    const clear = new Uint8Array(CONSTANT_BYTES + 8 + padBytes + initialPayload.length);
    writeUint32(
      clear,
      CONSTANT_BYTES,
      methods.reduce((bits, name) => bits | METHOD[name], 0),
    );
    writeUint16(clear, CONSTANT_BYTES + 4, padBytes);
    writeUint16(clear, CONSTANT_BYTES + 6 + padBytes, initialPayload.length);
    clear.set(initialPayload, CONSTANT_BYTES + 8 + padBytes);
    this.encrypt.crypt(clear, clear.length);
    const marks = joined(
      syncMark(secret),
      torrentMark(torrentHash(infoHash.subarray(0, HASH_BYTES)), secret),
    );
    return joined(marks, clear);
  }

  private choose(bits: number, padBytes: number): MseFault | undefined {
    const method = this.options.methods.find((name) => METHOD[name] === bits);
    if (method === undefined) return 'no-common-method';
    if (padBytes > PAD_BYTES_MAX) return 'pad-too-long';
    this.method = method;
    this.padBytes = padBytes;
    return undefined;
  }

  private finish(send: Uint8Array): MseStep {
    const { encrypt, decrypt, method } = this;
    const isRc4 = method === 'rc4';
    const rest = this.input.takeRest(isRc4 ? this.input.length : 0, decrypt!);
    if (!isRc4) this.close();
    this.encrypt = undefined;
    this.decrypt = undefined;
    const result = isRc4
      ? { method, encrypt, decrypt, decryptBytes: Number.POSITIVE_INFINITY, rest }
      : { method, encrypt: undefined, decrypt: undefined, decryptBytes: 0, rest };
    return { kind: 'done', send, result };
  }

  private fault(fault: MseFault): MseStep {
    this.close();
    return { kind: 'fault', fault };
  }
}
