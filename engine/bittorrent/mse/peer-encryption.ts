import { isLoopbackHost } from '../../codec/address.ts';
import type { Slab } from '../../kernels/slab.ts';
import type { ByteStream, Clock, Random, StreamEnd, StreamHandler } from '../../runtime/port.ts';
import type { CloseReason } from '../peer/peer-host.ts';
import { MseAnswerer } from './answerer.ts';
import { MseCaller } from './caller.ts';
import { MseCiphers } from './ciphers.ts';
import { FirstBytes } from './first-bytes.ts';
import { type MseFailure, MseStream } from './stream.ts';
import { TorrentTable } from './torrent-table.ts';
import type { EncryptionMode, MethodName, MseModules } from './types.ts';

const RC4_ONLY: readonly MethodName[] = ['rc4'];
const PLAIN_FIRST: readonly MethodName[] = ['plain', 'rc4'];
/** One address may have an eighth of the handshakes under way. */
const SHARE_SHIFT = 3;
const FAILED: StreamEnd = { kind: 'failed', code: 'EENCRYPTION' };

export interface PeerEncryptionOptions {
  readonly encryption: EncryptionMode;
  /** Honest peers are through in a few round trips. */
  readonly encryptionTimeoutMs: number;
  /** Handshakes of callers under way at once: each costs some computing. */
  readonly encryptionHandshakesMax: number;
}

export interface PeerEncryptionModules {
  readonly slab: Slab;
  readonly clock: Clock;
  readonly random: Random;
}

/** What a peer's connection is to its encryption. */
export interface EncryptedPeer extends StreamHandler {
  readonly closed: boolean;
  encrypted: boolean;
  attach(stream: ByteStream): void;
  replaceStream(stream: ByteStream): void;
  close(reason: CloseReason): void;
}

/**
 * The encryption of a shard: decides which connections get it, and puts it between stream and peer. A connection that
 * goes without keeps its stream for itself.
 */
export class PeerEncryption {
  /** Those that callers may mean; the shard keeps it. */
  readonly torrents = new TorrentTable();
  readonly stats = { encrypted: 0, obfuscated: 0, failed: 0, fellBack: 0 };
  readonly ciphers: MseCiphers;
  private readonly options: PeerEncryptionOptions;
  private readonly modules: PeerEncryptionModules;
  private readonly methods: readonly MethodName[];
  private readonly mse: MseModules;
  private handshakes = 0;
  /** Handshakes under way of each address that is not this machine. */
  private readonly byHost = new Map<string, number>();

  constructor(options: PeerEncryptionOptions, modules: PeerEncryptionModules) {
    this.options = options;
    this.modules = modules;
    this.methods = options.encryption === 'require' ? RC4_ONLY : PLAIN_FIRST;
    this.ciphers = new MseCiphers(modules);
    this.mse = { random: modules.random, openCipher: (key) => this.ciphers.open(key) };
  }

  /** The owner of an accepted stream; `peer` is attached to it. */
  accept(peer: EncryptedPeer, stream: ByteStream): StreamHandler {
    peer.attach(stream);
    if (this.options.encryption === 'off') return peer;
    return new FirstBytes(peer, (isPlain, bytes) => {
      if (!isPlain) return this.answer(peer, stream, bytes);
      if (this.options.encryption === 'require') peer.close('encryption-required');
      return peer;
    });
  }

  /** Dials for `peer`; `infoHash` names the torrent it is about, `connect` makes a stream with this owner. */
  dial(peer: EncryptedPeer, infoHash: Uint8Array, connect: (owner: StreamHandler) => ByteStream): void {
    if (this.options.encryption === 'off') {
      peer.attach(connect(peer));
      return;
    }
    const { methods, mse } = this;
    const stream = this.stream(peer, {
      handshake: (initialPayload) => new MseCaller({ infoHash, methods, initialPayload }, mse),
      onFailed: () => {
        if (peer.closed || this.options.encryption === 'require') this.giveUp(peer, 'encryption-failed');
        else {
          this.stats.fellBack++;
          peer.replaceStream(connect(peer));
        }
      },
    });
    peer.attach(stream);
    stream.attach(connect(stream));
  }

  private answer(peer: EncryptedPeer, inner: ByteStream, bytes: Uint8Array): StreamHandler {
    const { host } = inner.remote;
    const ofHost = this.byHost.get(host) ?? 0;
    const max = this.options.encryptionHandshakesMax;
    const isOverShare = ofHost >= Math.max(1, max >>> SHARE_SHIFT) && !isLoopbackHost(host);
    if (this.handshakes >= max || isOverShare) {
      peer.close('too-many-peers');
      return peer;
    }
    this.handshakes++;
    this.byHost.set(host, ofHost + 1);
    const { methods, mse, torrents } = this;
    const findTorrent = (hash: Uint8Array): Uint8Array | undefined => torrents.find(hash);
    const stream = this.stream(
      peer,
      {
        handshake: () => new MseAnswerer({ methods }, { ...mse, findTorrent }),
        onFailed: (failure) =>
          this.giveUp(peer, failure === 'unknown-torrent' ? failure : 'encryption-failed'),
      },
      () => this.settled(host),
    );
    peer.replaceStream(stream);
    stream.attach(inner);
    stream.takeOver(bytes);
    return stream;
  }

  private settled(host: string): void {
    this.handshakes--;
    const left = this.byHost.get(host)! - 1;
    if (left === 0) this.byHost.delete(host);
    else this.byHost.set(host, left);
  }

  private stream(
    peer: EncryptedPeer,
    modules: {
      readonly handshake: (early: Uint8Array) => MseCaller | MseAnswerer;
      readonly onFailed: (failure: MseFailure) => void;
    },
    onSettled: () => void = () => {},
  ): MseStream {
    return new MseStream(
      { handshakeTimeoutMs: this.options.encryptionTimeoutMs },
      {
        ...{ owner: peer, clock: this.modules.clock, handshake: modules.handshake, onSettled },
        onReady: (method) => {
          peer.encrypted = method === 'rc4';
          if (method === 'rc4') this.stats.encrypted++;
          else this.stats.obfuscated++;
        },
        onFailed: (failure) => {
          this.stats.failed++;
          modules.onFailed(failure);
        },
      },
    );
  }

  private giveUp(peer: EncryptedPeer, reason: CloseReason): void {
    peer.close(reason);
    peer.onClose(FAILED);
  }
}
