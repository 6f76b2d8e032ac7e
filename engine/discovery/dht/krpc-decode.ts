import { BencodeCursor } from './bencode-cursor.ts';
import {
  type KrpcFault,
  KrpcMessage,
  MESSAGE_BYTES_MAX,
  type QueryName,
  TOKEN_BYTES_MAX,
  TRANSACTION_BYTES_MAX,
  VALUES_MAX,
} from './krpc-types.ts';

const D = 0x64;
const L = 0x6c;

/**
 * Reads a datagram. Keys may stand in any order and unknown ones are skipped, as nodes in the wild are not strict.
 * Written for the one purpose: a general decoder that makes maps takes three times as long, and this runs for every
 * datagram.
 */
export function decodeKrpc(bytes: Uint8Array): KrpcMessage | KrpcFault {
  if (bytes.length > MESSAGE_BYTES_MAX) return 'too-long';
  const cursor = new BencodeCursor(bytes);
  if (!cursor.enter(D)) return 'bencode';
  const message = new KrpcMessage();
  let kind = '';
  let hasArguments = false;
  let hasName = false;
  while (!cursor.leave()) {
    const key = cursor.key();
    if (key === undefined) return cursor.fault;
    let ok = true;
    if (key === 't') ok = readTransaction(cursor, message);
    else if (key === 'y' && cursor.isString()) kind = cursor.text();
    else if (key === 'q' && cursor.isString()) {
      message.query = queryName(cursor.text());
      hasName = true;
    } else if ((key === 'a' || key === 'r') && cursor.peek() === D) {
      ok = readBody(cursor, message);
      hasArguments = true;
    } else if (key === 'e' && cursor.peek() === L) ok = readError(cursor, message);
    else if (key === 'ro') message.readOnly = cursor.flag();
    else if (key === 'ip' && cursor.isString()) message.externalAddress = cursor.bytesOf(6, 18);
    else ok = cursor.skip();
    if (!ok || cursor.failed) return cursor.fault;
  }
  if (message.transaction.length === 0) return 'no-transaction';
  if (kind !== 'q' && kind !== 'r' && kind !== 'e') return 'no-kind';
  message.kind = kind;
  if (kind === 'e') return message;
  if (kind === 'q' && !(hasName && hasArguments)) return 'no-query';
  return message.id.length === 20 ? message : 'no-id';
}

function readTransaction(cursor: BencodeCursor, message: KrpcMessage): boolean {
  if (!cursor.isString()) return cursor.skip();
  const transaction = cursor.bytes();
  if (transaction.length <= TRANSACTION_BYTES_MAX) message.transaction = transaction;
  return true;
}

function readToken(cursor: BencodeCursor, message: KrpcMessage): boolean {
  const token = cursor.bytes();
  message.token = token.length <= TOKEN_BYTES_MAX ? token : undefined;
  return true;
}

function queryName(name: string): QueryName {
  switch (name) {
    case 'ping':
    case 'find_node':
    case 'get_peers':
    case 'announce_peer':
    case 'get':
    case 'put':
    case 'sample_infohashes':
      return name;
    default:
      return 'other';
  }
}

/** The arguments of a query or the fields of an answer. */
function readBody(cursor: BencodeCursor, message: KrpcMessage): boolean {
  cursor.enter(D);
  while (!cursor.leave()) {
    const key = cursor.key();
    if (key === undefined) return false;
    if (!readField(key, cursor, message) || cursor.failed) return false;
  }
  return true;
}

function readField(key: string, cursor: BencodeCursor, message: KrpcMessage): boolean {
  if (key === 'v') {
    message.value = cursor.span();
    return !cursor.failed;
  }
  if (cursor.isString()) return readString(key, cursor, message);
  if (cursor.isInteger()) return readInteger(key, cursor, message);
  if (key === 'want' && cursor.peek() === L) return readWant(cursor, message);
  if (key === 'values' && cursor.peek() === L) return readValues(cursor, message);
  return cursor.skip();
}

function readString(key: string, cursor: BencodeCursor, message: KrpcMessage): boolean {
  switch (key) {
    case 'id':
      message.id = cursor.bytesOf(20) ?? message.id;
      return true;
    case 'target':
    case 'info_hash':
      message.target = cursor.bytesOf(20);
      return true;
    case 'token':
      return readToken(cursor, message);
    case 'nodes':
      message.nodes = cursor.bytes();
      return true;
    case 'nodes6':
      message.nodes6 = cursor.bytes();
      return true;
    case 'k':
      message.publicKey = cursor.bytesOf(32);
      return true;
    case 'sig':
      message.signature = cursor.bytesOf(64);
      return true;
    case 'salt':
      message.salt = cursor.bytes();
      return true;
    case 'samples':
      message.samples = cursor.bytes();
      return true;
    case 'BFsd':
      message.seedFilter = cursor.bytesOf(256);
      return true;
    case 'BFpe':
      message.peerFilter = cursor.bytesOf(256);
      return true;
    default:
      return cursor.skip();
  }
}

function readInteger(key: string, cursor: BencodeCursor, message: KrpcMessage): boolean {
  const value = cursor.integer();
  if (value === undefined) return !cursor.failed;
  switch (key) {
    case 'port':
      message.port = value > 0 && value < 65536 ? value : 0;
      break;
    case 'implied_port':
      message.impliedPort = value !== 0;
      break;
    case 'seed':
      message.seed = value === 1;
      break;
    case 'noseed':
      message.noSeeds = value === 1;
      break;
    case 'scrape':
      message.scrape = value === 1;
      break;
    case 'seq':
      message.sequence = value;
      break;
    case 'cas':
      message.cas = value;
      break;
    case 'num':
      message.sampleCount = value;
      break;
    case 'interval':
      message.intervalSec = value;
      break;
  }
  return true;
}

function readWant(cursor: BencodeCursor, message: KrpcMessage): boolean {
  cursor.enter(L);
  while (!cursor.leave()) {
    if (cursor.isString()) {
      const text = cursor.text();
      if (text === 'n4') message.want4 = true;
      if (text === 'n6') message.want6 = true;
    } else cursor.skip();
    if (cursor.failed) return false;
  }
  return true;
}

function readValues(cursor: BencodeCursor, message: KrpcMessage): boolean {
  const values: Uint8Array[] = [];
  cursor.enter(L);
  while (!cursor.leave()) {
    if (cursor.isString() && values.length < VALUES_MAX) values.push(cursor.bytes());
    else cursor.skip();
    if (cursor.failed) return false;
  }
  message.values = values;
  return true;
}

function readError(cursor: BencodeCursor, message: KrpcMessage): boolean {
  cursor.enter(L);
  for (let index = 0; !cursor.leave(); index++) {
    if (index === 0 && cursor.isInteger()) message.errorCode = cursor.integer() ?? 0;
    else cursor.skip();
    if (cursor.failed) return false;
  }
  return true;
}
