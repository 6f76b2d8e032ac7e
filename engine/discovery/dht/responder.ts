import type { AddressBytes } from '../../codec/compact-endpoint.ts';
import { BUCKET_SIZE } from './bucket.ts';
import { writeNodes } from './compact.ts';
import { PUBLIC_KEY_BYTES, SALT_BYTES_MAX } from './item.ts';
import type { ItemStore } from './item-store.ts';
import { AnswerFields, type AnswerHead, encodeAnswer, encodeError, type KrpcWriter } from './krpc-encode.ts';
import { KRPC_ERROR, type KrpcMessage } from './krpc-types.ts';
import type { PeerStore } from './peer-store.ts';
import type { RoutingTable } from './routing-table.ts';
import type { TokenKeeper } from './tokens.ts';
import type { DhtItem, NodeLookup } from './types.ts';

/** `values` in one answer: with nodes and token it stays far below one packet. */
const VALUES_SENT_MAX = 50;
/** BEP 33: filters take more than 512 bytes already. */
const VALUES_WITH_FILTERS_MAX = 20;
/** BEP 51: in one answer. */
const SAMPLES_MAX = 20;
/** BEP 51: how long the same sample is given out, and askers are told to wait. */
const SAMPLE_INTERVAL_SEC = 600;
const NO_FIELDS: Readonly<AnswerFields> = new AnswerFields();

/** Who asks, worked out once. */
export interface Asker {
  readonly host: string;
  readonly port: number;
  /** 4 or 16 bytes. */
  readonly address: Uint8Array;
  /** With the port. */
  readonly compact: Uint8Array;
}

export interface ResponderModules {
  readonly table: () => RoutingTable;
  readonly sibling: () => NodeLookup | undefined;
  readonly tokens: TokenKeeper;
  readonly peers: PeerStore;
  readonly items: ItemStore;
  readonly writer: KrpcWriter;
}

/** Answers queries from what the node knows. Pure but for what it stores: bytes in, bytes out. */
export class Responder {
  readonly #modules: ResponderModules;
  readonly #family: AddressBytes;
  #sample: { readonly bytes: Uint8Array; readonly count: number; readonly untilMs: number } | undefined;
  badTokens = 0;

  constructor(options: { readonly family: AddressBytes }, modules: ResponderModules) {
    this.#family = options.family;
    this.#modules = modules;
  }

  /** The datagram that answers a query. */
  answer(query: KrpcMessage, asker: Asker, nowMs: number): Uint8Array {
    switch (query.query) {
      case 'ping':
        return this.#reply(query, asker, NO_FIELDS);
      case 'announce_peer':
        return this.#announcePeer(query, asker, nowMs);
      case 'put':
        return this.#put(query, asker, nowMs);
      default:
        return this.#lookup(query, asker, nowMs);
    }
  }

  /** Queries for what is near a target; unknown ones that have a target are answered like find_node. */
  #lookup(query: KrpcMessage, asker: Asker, nowMs: number): Uint8Array {
    const { target } = query;
    if (target === undefined) {
      return query.query === 'other'
        ? this.#error(query, asker, KRPC_ERROR.unknownMethod, 'method unknown')
        : this.#error(query, asker, KRPC_ERROR.protocol, 'no target');
    }
    const fields = new AnswerFields();
    this.#nodes(fields, query, target, nowMs);
    if (query.query === 'get_peers') this.#peers(fields, query, target, asker, nowMs);
    else if (query.query === 'sample_infohashes') this.#samples(fields, nowMs);
    else if (query.query === 'get') {
      this.#item(fields, query, target, nowMs);
      fields.token = this.#modules.tokens.tokenFor(asker.host, asker.address, nowMs);
    }
    return this.#reply(query, asker, fields);
  }

  /** BEP 32: the family of the transport unless `want` says otherwise. */
  #nodes(fields: AnswerFields, query: KrpcMessage, target: Uint8Array, nowMs: number): void {
    const isFour = this.#family === 4;
    const own = isFour ? query.want4 : query.want6;
    const other = isFour ? query.want6 : query.want4;
    if (own || !other) {
      const near = this.#modules.table().compactNearest(target, nowMs);
      if (isFour) fields.nodes = near;
      else fields.nodes6 = near;
    }
    const sibling = other ? this.#modules.sibling() : undefined;
    if (sibling === undefined) return;
    const far = writeNodes(sibling.nearest(target, BUCKET_SIZE, nowMs), isFour ? 16 : 4);
    if (isFour) fields.nodes6 = far;
    else fields.nodes = far;
  }

  #peers(fields: AnswerFields, query: KrpcMessage, infoHash: Uint8Array, asker: Asker, nowMs: number): void {
    const { peers, tokens } = this.#modules;
    const filters = query.scrape ? peers.filters(infoHash, nowMs) : undefined;
    fields.seedFilter = filters?.seeds;
    fields.peerFilter = filters?.peers;
    const count = filters === undefined ? VALUES_SENT_MAX : VALUES_WITH_FILTERS_MAX;
    // IPv6 peers take more than twice the room.
    const room = this.#family === 4 ? count : count / 2;
    fields.values = peers.sample(infoHash, room, query.noSeeds, nowMs);
    if (peers.hasRoom(infoHash)) fields.token = tokens.tokenFor(asker.host, asker.address, nowMs);
  }

  #item(fields: AnswerFields, query: KrpcMessage, target: Uint8Array, nowMs: number): void {
    const item = this.#modules.items.get(target, nowMs);
    if (item === undefined) return;
    const { value, signed } = item;
    fields.sequence = signed?.sequence;
    // BEP 44: who has it already is told the number only.
    const hasIt = signed !== undefined && query.sequence !== undefined && signed.sequence <= query.sequence;
    if (hasIt) return;
    fields.value = value;
    fields.publicKey = signed?.publicKey;
    fields.signature = signed?.signature;
  }

  #samples(fields: AnswerFields, nowMs: number): void {
    const { peers } = this.#modules;
    if (this.#sample === undefined || this.#sample.untilMs <= nowMs) {
      const bytes = peers.sampleInfoHashes(SAMPLES_MAX);
      this.#sample = { bytes, count: peers.infoHashCount, untilMs: nowMs + SAMPLE_INTERVAL_SEC * 1000 };
      // With so few there is nothing to gain from asking again and nothing to protect.
      if (peers.infoHashCount < SAMPLES_MAX) this.#sample = { ...this.#sample, untilMs: nowMs };
    }
    fields.samples = this.#sample.bytes;
    fields.sampleCount = this.#sample.count;
    fields.intervalSec = SAMPLE_INTERVAL_SEC;
  }

  #announcePeer(query: KrpcMessage, asker: Asker, nowMs: number): Uint8Array {
    const { target } = query;
    const port = query.impliedPort ? asker.port : query.port;
    if (target === undefined || port === 0) {
      return this.#error(query, asker, KRPC_ERROR.protocol, 'no info-hash or port');
    }
    if (!this.#hasToken(query, asker, nowMs)) {
      return this.#error(query, asker, KRPC_ERROR.protocol, 'bad token');
    }
    const compact = asker.compact.slice();
    compact[compact.length - 2] = port >> 8;
    compact[compact.length - 1] = port;
    if (this.#modules.peers.hasRoom(target)) {
      this.#modules.peers.announce(target, compact, query.seed, nowMs);
    }
    return this.#reply(query, asker, NO_FIELDS);
  }

  #put(query: KrpcMessage, asker: Asker, nowMs: number): Uint8Array {
    const { value, publicKey, signature, sequence } = query;
    if (value === undefined) return this.#error(query, asker, KRPC_ERROR.protocol, 'no value');
    if (!this.#hasToken(query, asker, nowMs)) {
      return this.#error(query, asker, KRPC_ERROR.protocol, 'bad token');
    }
    let item: DhtItem = { value };
    if (publicKey !== undefined || signature !== undefined) {
      if (publicKey?.length !== PUBLIC_KEY_BYTES || signature === undefined || sequence === undefined) {
        return this.#error(query, asker, KRPC_ERROR.protocol, 'incomplete signature');
      }
      const salt = query.salt ?? new Uint8Array(0);
      if (salt.length > SALT_BYTES_MAX) {
        return this.#error(query, asker, KRPC_ERROR.saltTooBig, 'salt too big');
      }
      if (sequence < 0) return this.#error(query, asker, KRPC_ERROR.protocol, 'negative sequence number');
      item = { value, signed: { publicKey, salt, sequence, signature } };
    }
    const refusal = this.#modules.items.put(item, query.cas, nowMs);
    if (refusal !== undefined) return this.#error(query, asker, refusal.code, refusal.text);
    return this.#reply(query, asker, NO_FIELDS);
  }

  #hasToken(query: KrpcMessage, asker: Asker, nowMs: number): boolean {
    const { token } = query;
    const valid = token !== undefined && this.#modules.tokens.isValid(token, asker.address, nowMs);
    if (!valid) this.badTokens++;
    return valid;
  }

  #head(query: KrpcMessage, asker: Asker): AnswerHead {
    return {
      id: this.#modules.table().ownId,
      transaction: query.transaction,
      externalAddress: asker.compact,
    };
  }

  #reply(query: KrpcMessage, asker: Asker, fields: Readonly<AnswerFields>): Uint8Array {
    return encodeAnswer(this.#modules.writer, this.#head(query, asker), fields);
  }

  #error(query: KrpcMessage, asker: Asker, code: number, text: string): Uint8Array {
    return encodeError(this.#modules.writer, this.#head(query, asker), code, text);
  }
}
