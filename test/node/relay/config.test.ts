/** Aim: a configuration file of a relay is read with sensible defaults, and what is wrong in it is named with its place and what to write. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { checkRelayConfig, readRelayConfig } from '../../../engine/node/relay/config.ts';
import { policyAllowsText } from '../../../engine/onion/directory/policy-check.ts';
import { relayFolder } from './support/relay-folder.ts';
import { thrown } from './support/thrown.ts';

const config = suite('relay config');
const FILE = join('/etc', 'allium', 'relay.json');
const AUTHORITY = `dir1 orport=9001 v3ident=${'A'.repeat(40)} 203.0.113.9:9030 ${'B'.repeat(40)}`;
const SMALL = {
  nickname: 'MyRelay',
  address: '203.0.113.5',
  orPort: 9001,
  authorities: [AUTHORITY],
  dataDir: 'data',
};

config('the smallest one is a relay that is no exit, has no limits and no metrics', () => {
  const read = checkRelayConfig(SMALL, FILE);
  assert.is(read.isExit, false);
  assert.is(policyAllowsText(read.exitPolicy, '198.51.100.1', 443), false);
  assert.is(read.rate, undefined);
  assert.is(read.metrics, undefined);
  assert.is(read.accounting, undefined);
  assert.equal(read.dos, {});
  assert.is(read.words.dataDir, join('/etc', 'allium', 'data'), 'from the folder of the file');
  assert.is(read.authorities[0]?.host, '203.0.113.9');
  assert.is(read.words.listenAddress, '0.0.0.0');
});

config('an exit lets out what it names and never private addresses or itself', () => {
  const exit = checkRelayConfig({ ...SMALL, exitPolicy: ['accept *:443', 'accept *:80'] }, FILE);
  assert.is(exit.isExit, true);
  assert.is(policyAllowsText(exit.exitPolicy, '198.51.100.1', 443), true);
  assert.is(policyAllowsText(exit.exitPolicy, '198.51.100.1', 25), false);
  for (const host of ['10.0.0.1', '127.0.0.1', '192.168.1.1', '203.0.113.5']) {
    assert.is(policyAllowsText(exit.exitPolicy, host, 443), false, host);
  }
  assert.is(policyAllowsText(exit.exitPolicy, '2001:db8::1', 443), false, 'no IPv6 unless it is asked for');
  const reduced = checkRelayConfig({ ...SMALL, exitPolicy: 'reduced' }, FILE);
  assert.is(policyAllowsText(reduced.exitPolicy, '198.51.100.1', 443), true);
  assert.is(policyAllowsText(reduced.exitPolicy, '198.51.100.1', 25), false);
  const test = checkRelayConfig(
    { ...SMALL, address: '127.0.0.1', allowPrivateAddresses: true, exitPolicy: ['accept *:*'] },
    FILE,
  );
  assert.is(policyAllowsText(test.exitPolicy, '127.0.0.1', 80), true, 'a network of tests');
});

config('limits are read as sizes and numbers', () => {
  const read = checkRelayConfig(
    {
      ...SMALL,
      bandwidthRate: '10MiB',
      accounting: { max: '500GiB', rule: 'sum', period: 'week', startDay: 2, startTime: '06:30' },
      metrics: '127.0.0.1:9035',
      dos: { connectionsMax: 5 },
      nameServers: ['192.0.2.1', '127.0.0.1:5353', '[::1]:54'],
    },
    FILE,
  );
  assert.equal(read.rate, { bytesPerSec: 10 * 2 ** 20, burstBytes: 20 * 2 ** 20 });
  assert.equal(read.accounting, {
    maxBytes: 500 * 2 ** 30,
    rule: 'sum',
    period: 'week',
    startDay: 2,
    startMinute: 390,
  });
  assert.equal(read.metrics, { host: '127.0.0.1', port: 9035 });
  assert.equal(read.dos, { connectionsMax: 5 });
  assert.equal(
    read.nameServers.map(({ host, port }) => `${host} ${port}`),
    ['192.0.2.1 53', '127.0.0.1 5353', '::1 54'],
  );
});

config('what is wrong is named, with what to write', () => {
  const cases: readonly (readonly [Record<string, unknown>, RegExp, RegExp])[] = [
    [{ nick: 'x' }, /key “nick” .* not known/, /The keys are nickname, /],
    [{ dos: { speed: 1 } }, /“dos\.speed”/, /no such key/],
    [{ nickname: 'two words' }, /“nickname”/, /letters and digits/],
    [{ nickname: undefined }, /“nickname”/, /needed/],
    [{ orPort: 0 }, /“orPort”/, /at least 1/],
    [{ orPort: '9001' }, /“orPort”/, /whole number/],
    [{ address: 'relay.example.org' }, /“address”/, /IPv4/],
    [{ address: '192.168.1.4' }, /“address”/, /allowPrivateAddresses/],
    [{ contact: 'a\nb' }, /“contact”/, /line breaks/],
    [{ exitPolicy: ['allow *:80'] }, /“exitPolicy”/, /accept or reject/],
    [{ exitPolicy: 'everything' }, /“exitPolicy”/, /reduced/],
    [{ bandwidthRate: '10 apples' }, /“bandwidthRate”/, /16MiB/],
    [{ bandwidthRate: 1000 }, /“bandwidthRate”/, /75KiB/],
    [{ bandwidthRate: '1MiB', bandwidthBurst: '1KiB' }, /“bandwidthBurst”/, /at least as much/],
    [{ bandwidthBurst: '1MiB' }, /“bandwidthBurst”/, /bandwidthRate/],
    [
      { accounting: { max: '1GiB', period: 'week', startDay: 9 } },
      /accounting\.startDay/,
      /1 \(Monday\) to 7/,
    ],
    [{ accounting: {} }, /accounting\.max/, /needed/],
    [{ accounting: { max: 'much' } }, /accounting\.max/, /16MiB/],
    [{ family: ['MyOther'] }, /“family\.0”/, /40 hex digits/],
    [{ metrics: '0.0.0.0:9035' }, /“metrics”/, /loopback/],
    [{ nameServers: ['ns.example.org'] }, /“nameServers”/, /9\.9\.9\.9/],
    [{ family: Array(201).fill('A'.repeat(40)) }, /“family”/, /at most 200/],
    [{ nameServers: Array(9).fill('192.0.2.1') }, /“nameServers”/, /at most 8/],
    [{ exitPolicy: Array(1001).fill('accept *:80') }, /“exitPolicy”/, /at most 1000|reduced/],
    [{ authorities: ['nonsense'] }, /“authorities”/, /DirPort/],
  ];
  for (const [change, message, advice] of cases) {
    const error = thrown(() => checkRelayConfig({ ...SMALL, ...change }, FILE));
    assert.is(error.code, 'BAD_USAGE', JSON.stringify(change));
    assert.match(error.message, message);
    assert.match(error.message, FILE);
    assert.match(error.advice, advice);
  }
});

config('there is no built-in network', () => {
  for (const authorities of [[], undefined, [`dir1 203.0.113.9:9030 ${'B'.repeat(40)}`]]) {
    const error = thrown(() => checkRelayConfig({ ...SMALL, authorities }, FILE));
    assert.is(error.code, 'BAD_USAGE');
    assert.match(error.advice, 'There is no built-in network');
  }
});

config('authorities may stand in a file of their own', () => {
  const folder = relayFolder();
  const file = join(folder, 'relay.json');
  writeFileSync(file, JSON.stringify({ ...SMALL, authorities: 'net.txt' }));
  assert.is(thrown(() => readRelayConfig(file)).code, 'NOT_FOUND');
  writeFileSync(join(folder, 'net.txt'), `# ours\n\nDirAuthority ${AUTHORITY}\n`);
  assert.is(readRelayConfig(file).authorities.length, 1);
  writeFileSync(join(folder, 'net.txt'), `${AUTHORITY}\n${AUTHORITY}\n`);
  const error = thrown(() => readRelayConfig(file));
  assert.match(error.message, join(folder, 'net.txt'));
  assert.match(error.advice, 'line 2');
});

config('a file that is no JSON object, or not there', () => {
  const folder = relayFolder();
  const file = join(folder, 'relay.json');
  assert.is(thrown(() => readRelayConfig(file)).code, 'NOT_FOUND');
  for (const text of ['', '[1]', '{', 'null']) {
    writeFileSync(file, text);
    const error = thrown(() => readRelayConfig(file));
    assert.is(error.code, 'BAD_USAGE');
    assert.match(error.message, 'does not hold one JSON object');
  }
  writeFileSync(file, ' '.repeat(1024 * 1024 + 1));
  assert.match(thrown(() => readRelayConfig(file)).advice, 'too long');
});

config.run();
