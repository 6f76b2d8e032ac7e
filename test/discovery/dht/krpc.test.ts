/**
 * Aim: messages of BEP 5 and its extensions are read and written as the specifications show them, and whatever is not
 * a message is refused with a reason.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeBencode } from '../../../engine/codec/bencode.ts';
import { readNodes, readPeers, writeNodes } from '../../../engine/discovery/dht/compact.ts';
import { decodeKrpc } from '../../../engine/discovery/dht/krpc-decode.ts';
import {
  encodeAnswer,
  encodeError,
  encodeQuery,
  KrpcWriter,
} from '../../../engine/discovery/dht/krpc-encode.ts';
import { KrpcMessage } from '../../../engine/discovery/dht/krpc-types.ts';

const krpc = suite('krpc');
const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');
const text = (value: Uint8Array | undefined): string => Buffer.from(value ?? []).toString('latin1');

function decoded(message: string | Uint8Array): KrpcMessage {
  const result = decodeKrpc(typeof message === 'string' ? bytes(message) : message);
  assert.instance(result, KrpcMessage, `refused: ${String(result)}`);
  return result as KrpcMessage;
}

krpc('the example messages of BEP 5 are understood', () => {
  const ping = decoded('d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe');
  assert.is(ping.query, 'ping');
  assert.is(text(ping.id), 'abcdefghij0123456789');
  assert.is(text(ping.transaction), 'aa');
  const find = decoded(
    'd1:ad2:id20:abcdefghij01234567896:target20:mnopqrstuvwxyz123456e1:q9:find_node1:t2:aa1:y1:qe',
  );
  assert.is(find.query, 'find_node');
  assert.is(text(find.target), 'mnopqrstuvwxyz123456');
  const getPeers = decoded(
    'd1:ad2:id20:abcdefghij01234567899:info_hash20:mnopqrstuvwxyz123456e1:q9:get_peers1:t2:aa1:y1:qe',
  );
  assert.is(getPeers.query, 'get_peers');
  assert.is(text(getPeers.target), 'mnopqrstuvwxyz123456');
  const values = decoded(
    'd1:rd2:id20:abcdefghij01234567895:token8:aoeusnth6:valuesl6:axje.u6:idhtnmee1:t2:aa1:y1:re',
  );
  assert.is(values.kind, 'r');
  assert.is(text(values.token), 'aoeusnth');
  assert.equal(values.values.map(text), ['axje.u', 'idhtnm']);
  const announce = decoded(
    'd1:ad2:id20:abcdefghij012345678912:implied_porti1e9:info_hash20:mnopqrstuvwxyz1234564:porti6881e5:token8:aoeusnthe1:q13:announce_peer1:t2:aa1:y1:qe',
  );
  assert.is(announce.query, 'announce_peer');
  assert.is(announce.port, 6881);
  assert.ok(announce.impliedPort);
  const error = decoded('d1:eli201e23:A Generic Error Ocurrede1:t2:aa1:y1:ee');
  assert.is(error.kind, 'e');
  assert.is(error.errorCode, 201);
});

krpc('fields of BEP 32, 33, 42, 43, 44 and 51 are understood', () => {
  const filter = 'F'.repeat(256);
  const query = decoded(
    'd1:ad2:id20:abcdefghij01234567899:info_hash20:mnopqrstuvwxyz1234566:noseedi1e6:scrapei1e4:wantl2:n42:n6ee1:q9:get_peers2:roi1e1:t1:x1:y1:qe',
  );
  assert.ok(query.noSeeds && query.scrape && query.want4 && query.want6 && query.readOnly);
  const answer = decoded(
    `d2:ip6:abcdef1:rd4:BFpe256:${filter}4:BFsd256:${filter}2:id20:abcdefghij01234567898:intervali60e3:numi5e7:samples20:mnopqrstuvwxyz1234563:seqi9e1:vd2:ih3:abcee1:t1:x1:y1:re`,
  );
  assert.is(answer.peerFilter?.length, 256);
  assert.is(answer.seedFilter?.length, 256);
  assert.is(text(answer.externalAddress), 'abcdef');
  assert.is(answer.sampleCount, 5);
  assert.is(answer.intervalSec, 60);
  assert.is(answer.samples?.length, 20);
  assert.is(answer.sequence, 9);
  assert.is(text(answer.value), 'd2:ih3:abce', 'as it came, not decoded');
});

krpc('keys in any order and keys that nobody knows are taken', () => {
  const message = decoded('d1:y1:q1:zd1:ali1ei2eee1:t2:aa1:q4:ping1:ad3:newi1e2:id20:abcdefghij0123456789ee');
  assert.is(message.query, 'ping');
});

krpc('what is no message is refused with its reason', () => {
  const reasons: readonly (readonly [string, string])[] = [
    ['', 'bencode'],
    ['i1e', 'bencode'],
    ['d1:ad2:id20:abc', 'bencode'],
    ['d1:y1:qe', 'no-transaction'],
    ['d1:t0:1:y1:qe', 'no-transaction'],
    [`d1:t33:${'x'.repeat(33)}1:y1:qe`, 'no-transaction'],
    ['d1:t1:x1:y1:ze', 'no-kind'],
    ['d1:t1:xe', 'no-kind'],
    ['d1:q4:ping1:t1:x1:y1:qe', 'no-query'],
    ['d1:ad2:id19:abcdefghij012345678e1:q4:ping1:t1:x1:y1:qe', 'no-id'],
    ['d1:rde1:t1:x1:y1:re', 'no-id'],
    [`d1:t1:x1:z${'l'.repeat(100)}${'e'.repeat(100)}e`, 'too-deep'],
    [`d1:t4090:${'x'.repeat(4090)}e`, 'too-long'],
  ];
  for (const [message, reason] of reasons)
    assert.is(decodeKrpc(bytes(message)), reason, message.slice(0, 40));
});

krpc('what we write is canonical bencode and reads back the same', () => {
  const writer = new KrpcWriter();
  const id = bytes('abcdefghij0123456789');
  const query = encodeQuery(
    writer,
    { name: 'put', transaction: 0x01020304, readOnly: true },
    {
      id,
      cas: 3,
      publicKey: new Uint8Array(32),
      salt: bytes('s'),
      sequence: 4,
      signature: new Uint8Array(64),
      token: bytes('tok'),
      value: bytes('3:abc'),
      wantBoth: true,
    },
  );
  assert.ok(decodeBencode(query).ok);
  const back = decoded(query);
  assert.is(back.query, 'put');
  assert.is(back.cas, 3);
  assert.is(back.sequence, 4);
  assert.is(text(back.salt), 's');
  assert.is(text(back.value), '3:abc');
  assert.ok(back.readOnly);
  const head = { id, transaction: bytes('tt'), externalAddress: bytes('abcdef') };
  const answer = encodeAnswer(writer, head, {
    nodes: new Uint8Array(26),
    nodes6: new Uint8Array(38),
    token: bytes('tok'),
    values: [bytes('axje.u')],
  });
  assert.ok(decodeBencode(answer).ok);
  assert.is(decoded(answer).values.length, 1);
  const error = encodeError(writer, head, 203, 'bad token');
  assert.ok(decodeBencode(error).ok);
  assert.is(decoded(error).errorCode, 203);
});

krpc('messages that were written stay as they are while others are written', () => {
  const writer = new KrpcWriter();
  const made: Uint8Array[] = [];
  for (let i = 0; i < 5000; i++) {
    const id = new Uint8Array(20).fill(i & 255);
    made.push(encodeQuery(writer, { name: 'ping', transaction: i, readOnly: false }, { id }));
  }
  for (const [i, message] of made.entries()) assert.is(decoded(message).id[7], i & 255);
});

krpc('compact nodes and peers: both families, and nothing that cannot be reached', () => {
  const id = new Uint8Array(20).fill(7);
  const four = [{ id, host: '192.0.2.1', port: 6881 }];
  const six = [{ id, host: '2001:db8::1', port: 6881 }];
  assert.equal(readNodes(writeNodes(four, 4), 4, 8), four);
  assert.equal(readNodes(writeNodes(six, 16), 16, 8), six);
  assert.is(writeNodes(six, 4).length, 0, 'not mixed');
  for (const host of ['0.1.2.3', '224.0.0.1', '255.255.255.255']) {
    assert.equal(readNodes(writeNodes([{ id, host, port: 1 }], 4), 4, 8), [], host);
  }
  assert.equal(readNodes(writeNodes([{ id, host: '192.0.2.1', port: 0 }], 4), 4, 8), []);
  assert.equal(readNodes(new Uint8Array(25), 4, 8), []);
  const many = writeNodes(
    Array.from({ length: 50 }, () => four[0]!),
    4,
  );
  assert.is(readNodes(many, 4, 8).length, 8, 'bounded');
  assert.equal(readPeers([Uint8Array.of(192, 0, 2, 1, 0x1a, 0xe1)], 4, 9), [
    { host: '192.0.2.1', port: 6881 },
  ]);
});

krpc.run();
