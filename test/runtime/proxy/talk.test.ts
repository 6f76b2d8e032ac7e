// Aim: the client's side of SOCKS5 and CONNECT says what the RFCs want, byte for byte, however the answers are cut; no
// answer, mutated or made up, throws or is waited for without bound.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AlliumError } from '../../../engine/codec/error.ts';
import { HttpConnectTalk } from '../../../engine/runtime/proxy/http-talk.ts';
import { parseProxy } from '../../../engine/runtime/proxy/parse-proxy.ts';
import { readSocksAddress, Socks5Talk, socksAddress } from '../../../engine/runtime/proxy/socks5-talk.ts';
import type { ProxyStep, ProxyTalk } from '../../../engine/runtime/proxy/types.ts';
import { seededRandom } from '../../bittorrent/support/seeded-random.ts';

const test = suite('proxy talk');

const TO = { host: 'peer.example', port: 6881 };
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
const sent = (step: ProxyStep): string => (step.kind === 'more' ? hex(step.send) : step.kind);

test('SOCKS5 without a login: a name goes to the proxy as it is', () => {
  const talk = new Socks5Talk({ command: 'connect', to: TO });
  assert.is(hex(talk.start()), '050100');
  assert.is(sent(talk.take(Uint8Array.of(5))), '');
  assert.is(sent(talk.take(Uint8Array.of(5, 0))), `050100030c${hex(Buffer.from('peer.example'))}1ae1`);
  const reply = Uint8Array.of(5, 0, 0, 1, 10, 0, 0, 1, 0x1f, 0x90, 99, 98);
  for (let length = 0; length < 10; length++) assert.is(talk.take(reply.subarray(0, length)).kind, 'more');
  assert.equal(talk.take(reply), { kind: 'done', used: 10, bound: { host: '10.0.0.1', port: 8080 } });
});

test('SOCKS5 with a login, and every way it can be refused', () => {
  const login = { user: 'me', password: 'pä' };
  const talk = new Socks5Talk({ command: 'udpAssociate', to: { host: '::', port: 0 }, ...login });
  assert.is(hex(talk.start()), '05020002');
  assert.is(sent(talk.take(Uint8Array.of(5, 2))), '01026d650370c3a4');
  assert.is(sent(talk.take(Uint8Array.of(1, 0))), `05030004${'00'.repeat(16)}0000`);
  const codes = (steps: readonly number[][], options: { readonly user?: string } = login): string => {
    const fresh = new Socks5Talk({ command: 'connect', to: TO, ...options });
    let last: ProxyStep = fresh.take(new Uint8Array(0));
    for (const step of steps) last = fresh.take(Uint8Array.from(step));
    return last.kind === 'refused' ? last.refusal.code : last.kind;
  };
  assert.is(codes([[4, 0]]), 'EPROXYPROTOCOL');
  assert.is(codes([[5, 255]]), 'EPROXYLOGIN');
  assert.is(codes([[5, 2]], {}), 'EPROXYLOGIN');
  assert.is(
    codes([
      [5, 2],
      [1, 1],
    ]),
    'EPROXYLOGIN',
  );
  assert.is(
    codes([
      [5, 0],
      [5, 5, 0, 1],
    ]),
    'EPROXYREFUSED',
  );
  assert.is(
    codes([
      [5, 0],
      [5, 0, 0, 9, 1],
    ]),
    'EPROXYPROTOCOL',
  );
  assert.is(codes([[5, 0], [6]]), 'EPROXYPROTOCOL');
});

test('addresses of SOCKS5 are read as they are written', () => {
  for (const host of ['1.2.3.4', '2001:db8::7', 'some.name']) {
    const bytes = socksAddress({ host, port: 513 });
    assert.equal(readSocksAddress(bytes, 0), { endpoint: { host, port: 513 }, end: bytes.length });
    for (let length = 0; length < bytes.length; length++) {
      assert.is(readSocksAddress(bytes.subarray(0, length), 0), undefined);
    }
  }
});

test('CONNECT: request, login, and what the answers mean', () => {
  const plain = new HttpConnectTalk({ to: { host: '2001:db8::1', port: 443 } });
  assert.is(text(plain.start()), 'CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: [2001:db8::1]:443\r\n\r\n');
  const login = new HttpConnectTalk({ to: TO, user: 'a', password: 'b:c' });
  assert.match(
    text(login.start()),
    `Proxy-Authorization: Basic ${Buffer.from('a:b:c').toString('base64')}\r\n`,
  );
  const answer = (words: string): string => {
    const step = plain.take(Buffer.from(words));
    return step.kind === 'refused' ? `${step.refusal.code} ${step.refusal.message}` : step.kind;
  };
  assert.is(answer('HTTP/1.0 200 OK\r\nX: y\r\n\r'), 'more');
  assert.equal(plain.take(Buffer.from('HTTP/1.1 200\r\n\r\nrest')), {
    kind: 'done',
    used: 16,
    bound: undefined,
  });
  assert.is(answer('HTTP/1.1 407 No\r\n\r\n'), 'EPROXYLOGIN it does not take this user and password');
  assert.is(answer('HTTP/1.1 403 Forbidden\r\n\r\n'), 'EPROXYREFUSED 403 Forbidden');
  assert.match(answer('SSH-2.0-x'), 'EPROXYPROTOCOL');
  assert.match(answer(`HTTP/1.1 200 ${'x'.repeat(9000)}`), 'EPROXYPROTOCOL');
});

test('12,000 mutated and made-up answers: no exception, and nothing is waited for beyond 16 KiB', () => {
  const makers: readonly (() => [ProxyTalk, Uint8Array[]])[] = [
    () => [
      new Socks5Talk({ command: 'connect', to: TO, user: 'u' }),
      [Uint8Array.of(5, 2), Uint8Array.of(1, 0), Uint8Array.of(5, 0, 0, 1, 1, 2, 3, 4, 5, 6)],
    ],
    () => [
      new Socks5Talk({ command: 'connect', to: TO }),
      [Uint8Array.of(5, 0), Uint8Array.of(5, 0, 0, 3, 3, 97, 98, 99, 5, 6)],
    ],
    () => [new HttpConnectTalk({ to: TO }), [Buffer.from('HTTP/1.1 200 OK\r\nServer: x\r\n\r\n')]],
  ];
  const kinds = new Set<string>();
  for (let seed = 0; seed < 12_000; seed++) {
    const random = seededRandom(seed);
    const [talk, answers] = makers[seed % makers.length]!();
    talk.start();
    let step: ProxyStep = { kind: 'more', send: new Uint8Array(0) };
    for (const answer of answers) {
      const bytes = Uint8Array.from(answer);
      if (random.below(2) === 0) bytes[random.below(bytes.length)] = random.below(256);
      const heard =
        random.below(4) === 0 ? Uint8Array.of(...bytes, ...random.bytes(random.below(20))) : bytes;
      step = talk.take(heard.subarray(0, random.below(8) === 0 ? random.below(heard.length) : heard.length));
      if (step.kind === 'done') assert.ok(step.used <= heard.length, `seed ${seed}`);
      if (step.kind !== 'more') break;
    }
    kinds.add(step.kind);
    if (step.kind === 'more') {
      const last = talk.take(random.bytes(16_384));
      if (last.kind === 'more') assert.ok(last.send.length > 0, `seed ${seed}: it waits on`);
    }
  }
  assert.equal([...kinds].sort(), ['done', 'more', 'refused']);
});

test('proxies as users write them', () => {
  assert.equal(parseProxy('socks5://127.0.0.1', true), {
    ...{ kind: 'socks5', at: { host: '127.0.0.1', port: 1080 }, only: true },
  });
  assert.equal(parseProxy('http://u%40x:p%3A@[::1]:80/', false), {
    ...{ kind: 'http', at: { host: '::1', port: 80 }, user: 'u@x', password: 'p:', only: false },
  });
  assert.is(parseProxy('socks5h://name:9', false).at.host, 'name');
  for (const [words, only] of [
    ['socks5://name:1080', true], // its name would be asked for outside
    ['socks4://1.2.3.4', false],
    ['1.2.3.4:1080', false],
    ['socks5://', false],
    ['http://u%zz@1.2.3.4', false],
    ['http://1.2.3.4/path', false],
    [`socks5://${'u'.repeat(256)}@1.2.3.4`, false],
  ] as const) {
    assert.throws(
      () => parseProxy(words, only),
      (error: unknown) => error instanceof AlliumError && error.code === 'BAD_USAGE',
      words,
    );
  }
});

test.run();
