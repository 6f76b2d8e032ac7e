import { readUint16, readUint32, writeUint16, writeUint32 } from '../../codec/big-endian.ts';
import { KEY_BYTES, publicKeyOf, sharedSecret } from './diffie-hellman.ts';
import { HandshakeInput } from './handshake-input.ts';
import { HASH_BYTES, streamKey, syncMark, torrentMark } from './hashes.ts';
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

export interface AnswererOptions {
  /** What may be chosen, the best first. */
  readonly methods: readonly MethodName[];
}

export interface AnswererModules extends MseModules {
  /** The info-hash, 20 bytes, whose `torrentHash` this is; undefined: not here. */
  readonly findTorrent: (torrentHash: Uint8Array) => Uint8Array | undefined;
}

/** The side that is dialled: “B” in the description of MSE. */
export class MseAnswerer implements MseHandshake {
  private readonly options: AnswererOptions;
  private readonly modules: AnswererModules;
  private readonly input = new HandshakeInput();
  private state: 'key' | 'sync' | 'torrent' | 'offer' | 'payload' = 'key';
  private secret: Uint8Array = NOTHING;
  private encrypt: MseCipher | undefined;
  private decrypt: MseCipher | undefined;
  private method: MethodName = 'rc4';
  private padBytes = 0;

  constructor(options: AnswererOptions, modules: AnswererModules) {
    this.options = options;
    this.modules = modules;
  }

  start(): Uint8Array {
    return NOTHING;
  }

  take(bytes: Uint8Array): MseStep {
    this.input.push(bytes);
    let send: Uint8Array = NOTHING;
    if (this.state === 'key') {
      if (this.input.length < KEY_BYTES) return { kind: 'more', send };
      const own = privateKey(this.modules.random);
      const secret = sharedSecret(own, this.input.take(KEY_BYTES));
      if (secret === undefined) return this.fault('bad-key');
      this.secret = secret;
      send = joined(publicKeyOf(own), randomPad(this.modules.random));
      this.state = 'sync';
    }
    if (this.state === 'sync') {
      const found = this.input.skipPast(syncMark(this.secret), PAD_BYTES_MAX);
      if (found === false) return this.fault('no-sync');
      if (found === 'more') return { kind: 'more', send };
      this.state = 'torrent';
    }
    if (this.state === 'torrent') {
      if (this.input.length < HASH_BYTES) return { kind: 'more', send };
      const fault = this.identify(this.input.take(HASH_BYTES));
      if (fault !== undefined) return this.fault(fault);
      this.state = 'offer';
    }
    if (this.state === 'offer') {
      const head = this.input.peekClear(CONSTANT_BYTES + 6, this.decrypt!);
      if (head === undefined) return { kind: 'more', send };
      const fault = this.choose(head);
      if (fault !== undefined) return this.fault(fault);
      this.input.take(CONSTANT_BYTES + 6);
      this.state = 'payload';
    }
    const tail = this.input.peekClear(this.padBytes + 2, this.decrypt!);
    if (tail === undefined) return { kind: 'more', send };
    const payloadBytes = readUint16(tail, this.padBytes);
    this.input.take(this.padBytes + 2);
    return this.finish(send, payloadBytes);
  }

  close(): void {
    this.encrypt?.close();
    this.decrypt?.close();
    this.encrypt = undefined;
    this.decrypt = undefined;
  }

  private identify(mark: Uint8Array): MseFault | undefined {
    // What hides HASH('req2', SKEY) is taken off by putting it on once more.
    const infoHash = this.modules.findTorrent(torrentMark(mark, this.secret));
    if (infoHash === undefined) return 'unknown-torrent';
    this.decrypt = this.modules.openCipher(streamKey('keyA', this.secret, infoHash));
    this.encrypt = this.modules.openCipher(streamKey('keyB', this.secret, infoHash));
    return this.encrypt === undefined || this.decrypt === undefined ? 'no-memory' : undefined;
  }

  private choose(head: Uint8Array): MseFault | undefined {
    for (let at = 0; at < CONSTANT_BYTES; at++) if (head[at] !== 0) return 'bad-constant';
    const offered = readUint32(head, CONSTANT_BYTES);
    const method = this.options.methods.find((name) => (offered & METHOD[name]) !== 0);
    if (method === undefined) return 'no-common-method';
    this.padBytes = readUint16(head, CONSTANT_BYTES + 4);
    if (this.padBytes > PAD_BYTES_MAX) return 'pad-too-long';
    this.method = method;
    return undefined;
  }

  /** The initial payload need not have come: it is the beginning of what comes, and always enciphered. */
  private finish(send: Uint8Array, payloadBytes: number): MseStep {
    const { encrypt, decrypt, method } = this;
    const padBytes = this.modules.random.below(PAD_BYTES_MAX + 1);
    const answer = new Uint8Array(CONSTANT_BYTES + 6 + padBytes);
    writeUint32(answer, CONSTANT_BYTES, METHOD[method]);
    writeUint16(answer, CONSTANT_BYTES + 4, padBytes);
    encrypt!.crypt(answer, answer.length);
    const isRc4 = method === 'rc4';
    const hidden = isRc4 ? Number.POSITIVE_INFINITY : payloadBytes;
    const restHidden = Math.min(hidden, this.input.length);
    const rest = this.input.takeRest(restHidden, decrypt!);
    const decryptBytes = hidden - restHidden;
    if (!isRc4) encrypt!.close();
    if (decryptBytes === 0) decrypt!.close();
    this.encrypt = undefined;
    this.decrypt = undefined;
    const result = {
      ...{ method, rest, decryptBytes },
      encrypt: isRc4 ? encrypt : undefined,
      decrypt: decryptBytes === 0 ? undefined : decrypt,
    };
    return { kind: 'done', send: joined(send, answer), result };
  }

  private fault(fault: MseFault): MseStep {
    this.close();
    return { kind: 'fault', fault };
  }
}
