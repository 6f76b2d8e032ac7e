import type { QueryName } from './krpc-types.ts';

/** Messages are written one behind the other into a block of this size; a new one is taken when little is left. */
const BLOCK_BYTES = 32_768;
/** No message of ours is longer. */
const MESSAGE_BYTES_MAX = 2048;
/** Copying shorter arrays in a loop beats the call of `set`. */
const LOOP_BYTES_MAX = 48;

/**
 * Where messages are written. What {@link finish} returns stays untouched, so that it can be sent without a copy.
 * One writer can serve all nodes of a thread.
 */
export class KrpcWriter {
  #block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  #start = 0;
  #at = 0;

  begin(): void {
    if (BLOCK_BYTES - this.#at < MESSAGE_BYTES_MAX) {
      this.#block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
      this.#at = 0;
    }
    this.#start = this.#at;
  }

  /** ASCII as it is. */
  raw(text: string): void {
    const block = this.#block;
    let at = this.#at;
    for (let index = 0; index < text.length; index += 1) block[at++] = text.charCodeAt(index);
    this.#at = at;
  }

  /** A byte string. */
  bytes(bytes: Uint8Array): void {
    this.#decimal(bytes.length);
    this.#block[this.#at++] = 0x3a;
    this.verbatim(bytes);
  }

  /** Bytes that are bencode already. */
  verbatim(bytes: Uint8Array): void {
    const block = this.#block;
    const at = this.#at;
    if (bytes.length > LOOP_BYTES_MAX) block.set(bytes, at);
    else for (let index = 0; index < bytes.length; index += 1) block[at + index] = bytes[index]!;
    this.#at = at + bytes.length;
  }

  /** A safe integer. */
  integer(value: number): void {
    this.raw(`i${value}e`);
  }

  finish(): Uint8Array {
    return new Uint8Array(this.#block.buffer, this.#start, this.#at - this.#start);
  }

  #decimal(value: number): void {
    const block = this.#block;
    if (value > 99) {
      this.raw(String(value));
      return;
    }
    if (value > 9) block[this.#at++] = 0x30 + Math.floor(value / 10);
    block[this.#at++] = 0x30 + (value % 10);
  }
}

/** Arguments of a query; what is undefined is left out. Fields as in {@link import('./krpc-types.ts').KrpcMessage}. */
export interface QueryFields {
  readonly id: Uint8Array;
  readonly cas?: number | undefined;
  readonly impliedPort?: boolean;
  readonly infoHash?: Uint8Array;
  readonly publicKey?: Uint8Array;
  readonly noSeeds?: boolean;
  readonly port?: number;
  readonly salt?: Uint8Array | undefined;
  readonly scrape?: boolean;
  readonly seed?: boolean;
  readonly sequence?: number | undefined;
  readonly signature?: Uint8Array;
  readonly target?: Uint8Array;
  readonly token?: Uint8Array;
  readonly value?: Uint8Array;
  /** BEP 32: ask for both families. */
  readonly wantBoth?: boolean;
}

export interface QueryHead {
  readonly name: Exclude<QueryName, 'other'>;
  /** 32 bits. */
  readonly transaction: number;
  /** BEP 43. */
  readonly readOnly: boolean;
}

/** BEP 5: a query. Keys are written in order, as canonical bencode has it. */
export function encodeQuery(writer: KrpcWriter, head: QueryHead, fields: QueryFields): Uint8Array {
  writer.begin();
  writer.raw('d1:ad');
  optionalInteger(writer, '3:cas', fields.cas);
  writer.raw('2:id20:');
  writer.verbatim(fields.id);
  if (fields.impliedPort === true) writer.raw('12:implied_porti1e');
  optionalBytes(writer, '9:info_hash', fields.infoHash);
  optionalBytes(writer, '1:k', fields.publicKey);
  if (fields.noSeeds === true) writer.raw('6:noseedi1e');
  optionalInteger(writer, '4:port', fields.port);
  if (fields.salt !== undefined && fields.salt.length > 0) optionalBytes(writer, '4:salt', fields.salt);
  if (fields.scrape === true) writer.raw('6:scrapei1e');
  if (fields.seed === true) writer.raw('4:seedi1e');
  optionalInteger(writer, '3:seq', fields.sequence);
  optionalBytes(writer, '3:sig', fields.signature);
  optionalBytes(writer, '6:target', fields.target);
  optionalBytes(writer, '5:token', fields.token);
  optionalVerbatim(writer, '1:v', fields.value);
  if (fields.wantBoth === true) writer.raw('4:wantl2:n42:n6e');
  writer.raw(`e1:q${head.name.length}:${head.name}`);
  if (head.readOnly) writer.raw('2:roi1e');
  writer.raw('1:t4:');
  const { transaction } = head;
  writer.verbatim(
    Uint8Array.of(transaction >>> 24, transaction >>> 16, transaction >>> 8, transaction & 255),
  );
  writer.raw('1:v4:AM011:y1:qe');
  return writer.finish();
}

/** Fields of an answer; what is undefined is left out. A class, so that all have one shape and writing them is fast. */
export class AnswerFields {
  peerFilter: Uint8Array | undefined = undefined;
  seedFilter: Uint8Array | undefined = undefined;
  intervalSec: number | undefined = undefined;
  publicKey: Uint8Array | undefined = undefined;
  nodes: Uint8Array | undefined = undefined;
  nodes6: Uint8Array | undefined = undefined;
  sampleCount: number | undefined = undefined;
  samples: Uint8Array | undefined = undefined;
  sequence: number | undefined = undefined;
  signature: Uint8Array | undefined = undefined;
  token: Uint8Array | undefined = undefined;
  value: Uint8Array | undefined = undefined;
  values: readonly Uint8Array[] | undefined = undefined;
}

/** To whom an answer or an error goes. */
export interface AnswerHead {
  readonly id: Uint8Array;
  readonly transaction: Uint8Array;
  /** BEP 42: the compact address of who asked. */
  readonly externalAddress: Uint8Array | undefined;
}

/** BEP 5: an answer. */
export function encodeAnswer(
  writer: KrpcWriter,
  head: AnswerHead,
  fields: Readonly<Partial<AnswerFields>>,
): Uint8Array {
  writer.begin();
  writer.raw('d');
  optionalBytes(writer, '2:ip', head.externalAddress);
  writer.raw('1:rd');
  optionalBytes(writer, '4:BFpe', fields.peerFilter);
  optionalBytes(writer, '4:BFsd', fields.seedFilter);
  writer.raw('2:id20:');
  writer.verbatim(head.id);
  optionalInteger(writer, '8:interval', fields.intervalSec);
  optionalBytes(writer, '1:k', fields.publicKey);
  optionalBytes(writer, '5:nodes', fields.nodes);
  optionalBytes(writer, '6:nodes6', fields.nodes6);
  optionalInteger(writer, '3:num', fields.sampleCount);
  optionalBytes(writer, '7:samples', fields.samples);
  optionalInteger(writer, '3:seq', fields.sequence);
  optionalBytes(writer, '3:sig', fields.signature);
  optionalBytes(writer, '5:token', fields.token);
  optionalVerbatim(writer, '1:v', fields.value);
  if (fields.values !== undefined && fields.values.length > 0) {
    writer.raw('6:valuesl');
    for (const value of fields.values) writer.bytes(value);
    writer.raw('e');
  }
  writer.raw('e1:t');
  writer.bytes(head.transaction);
  writer.raw('1:v4:AM011:y1:re');
  return writer.finish();
}

/** BEP 5: an error; `text` is short ASCII. */
export function encodeError(writer: KrpcWriter, head: AnswerHead, code: number, text: string): Uint8Array {
  writer.begin();
  writer.raw(`d1:eli${code}e${text.length}:${text}e`);
  optionalBytes(writer, '2:ip', head.externalAddress);
  writer.raw('1:t');
  writer.bytes(head.transaction);
  writer.raw('1:v4:AM011:y1:ee');
  return writer.finish();
}

function optionalBytes(writer: KrpcWriter, key: string, bytes: Uint8Array | undefined): void {
  if (bytes === undefined) return;
  writer.raw(key);
  writer.bytes(bytes);
}

function optionalVerbatim(writer: KrpcWriter, key: string, bytes: Uint8Array | undefined): void {
  if (bytes === undefined) return;
  writer.raw(key);
  writer.verbatim(bytes);
}

function optionalInteger(writer: KrpcWriter, key: string, value: number | undefined): void {
  if (value === undefined) return;
  writer.raw(key);
  writer.integer(value);
}
