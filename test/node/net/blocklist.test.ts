// Aim: blocklists in all their formats block what they say and nothing else, like Node's own BlockList on random
// ranges; files that are too large, empty or broken are told; a changed file is taken and a broken one is not.
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { BlockList } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { addressText } from '../../../engine/codec/address.ts';
import { AlliumError } from '../../../engine/codec/error.ts';
import { BLOCKLIST_DEFAULTS, Blocklist } from '../../../engine/node/net/blocklist/blocklist.ts';
import { parseBlockLine } from '../../../engine/node/net/blocklist/parse-line.ts';
import { AddressRanges } from '../../../engine/node/net/blocklist/ranges.ts';
import { createRealRuntime } from '../../../engine/runtime/real/runtime.ts';
import { seededRandom } from '../../bittorrent/support/seeded-random.ts';

const test = suite('blocklist');
const folder = mkdtempSync(join(tmpdir(), 'allium-blocklist-'));
const path = join(folder, 'list');
const runtime = createRealRuntime();
test.after(() => rmSync(folder, { recursive: true }));

function rangeText(line: string): string {
  const range = parseBlockLine(line);
  return typeof range === 'string' ? range : `${addressText(range.first)} ${addressText(range.last)}`;
}

test('a line of each format', () => {
  for (const [line, meaning] of [
    ['000.000.000.000 - 000.255.255.255 , 000 , Bogon', '0.0.0.0 0.255.255.255'],
    ['001.002.004.000 - 001.002.004.255 , 127 , a, b', '1.2.4.0 1.2.4.255'],
    ['1.2.3.4 - 1.2.3.5 , 128 , allowed', 'none'],
    ['Some: text - with signs:1.2.3.4-1.2.3.8', '1.2.3.4 1.2.3.8'],
    ['v6 text:2001:db8::-2001:db8::ff', '2001:db8:: 2001:db8::ff'],
    ['2001:db8::1 - 2001:db8::2 , 0 , x', '2001:db8::1 2001:db8::2'],
    ['10.1.2.3/8', '10.0.0.0 10.255.255.255'],
    ['10.1.2.3/32', '10.1.2.3 10.1.2.3'],
    ['0.0.0.0/0', '0.0.0.0 255.255.255.255'],
    ['2001:db8::/33', '2001:db8:: 2001:db8:7fff:ffff:ffff:ffff:ffff:ffff'],
    ['  192.168.1.1\r', '192.168.1.1 192.168.1.1'],
    ['# comment', 'none'],
    ['; comment', 'none'],
    ['', 'none'],
    ['text without range', 'bad'],
    ['1.2.3.9-1.2.3.1', 'bad'],
    ['1.2.3.0/33', 'bad'],
    ['300.1.1.1', 'bad'],
    ['text:1.2.3.4-2001:db8::', 'bad'],
  ] as const) {
    assert.is(rangeText(line), meaning, line);
  }
});

test('2,000 random ranges and subnets block as Node’s own list does, IPv4, IPv6 and IPv4 in IPv6', () => {
  const random = seededRandom(5);
  for (const bytes of [4, 16]) {
    const type = bytes === 4 ? 'ipv4' : 'ipv6';
    const oracle = new BlockList();
    const ranges = Array.from({ length: 1000 }, () => {
      // Few distinct leading bytes, so that ranges overlap and questions hit.
      const base = random.bytes(bytes).map((byte, at) => (at < 1 ? byte & 7 : byte));
      const first = addressText(base);
      if (random.below(2) === 0) {
        const bits = bytes * 8 - random.below(16);
        oracle.addSubnet(first, bits, type);
        return parseBlockLine(`${first}/${bits}`);
      }
      const end = Uint8Array.from(base);
      end[bytes - 1] = 255;
      end[bytes - 2] = Math.max(end[bytes - 2]!, random.below(256));
      oracle.addRange(first, addressText(end), type);
      return parseBlockLine(`text:${first}-${addressText(end)}`);
    });
    assert.ok(ranges.every((range) => typeof range === 'object'));
    const list = new AddressRanges(ranges.filter((range) => typeof range === 'object'));
    let hits = 0;
    for (let question = 0; question < 20_000; question++) {
      const near = ranges[random.below(ranges.length)]!;
      if (typeof near === 'string') continue;
      const address = Uint8Array.from(random.below(2) === 0 ? near.first : near.last);
      address[bytes - 1]! += random.below(5) - 2;
      if (random.below(4) === 0) address[bytes - 3] = random.below(256);
      const host = addressText(address);
      const expected = oracle.check(host, type);
      assert.is(list.has(host), expected, host);
      if (bytes === 4) assert.is(list.has(`::ffff:${host}`), expected);
      if (expected) hits++;
    }
    assert.ok(hits > 1000 && hits < 19_000);
    assert.is(list.has('no address'), false);
  }
});

test('a file, packed or not; too large, too many, empty: each is told', async () => {
  const open = (more: Partial<typeof BLOCKLIST_DEFAULTS> = {}): Promise<Blocklist> =>
    Blocklist.open({ ...BLOCKLIST_DEFAULTS, path, pollMs: 0, ...more }, runtime);
  const text = `# list\n10.0.0.0/8\nnonsense\n${'x'.repeat(2000)}\na:11.0.0.0-11.0.0.255\n`;
  for (const bytes of [Buffer.from(text), gzipSync(text)]) {
    writeFileSync(path, bytes);
    const list = await open();
    assert.equal(list.stats, { ranges: 2, badLines: 2 });
    assert.ok(list.isBlocked('10.9.9.9') && list.isBlocked('11.0.0.1') && !list.isBlocked('12.0.0.1'));
    list.close();
  }
  const refuse = async (more: Partial<typeof BLOCKLIST_DEFAULTS>, pattern: RegExp): Promise<void> => {
    const error = await open(more).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    assert.instance(error, AlliumError);
    assert.match((error as AlliumError).message, pattern);
  };
  await refuse({ fileBytesMax: 20 }, /too large/);
  await refuse({ rangesMax: 1 }, /more than 1 ranges/);
  writeFileSync(path, gzipSync('1.2.3.4\n'.repeat(10_000)));
  await refuse({ textBytesMax: 1000 }, /cannot be unpacked/);
  writeFileSync(path, '# nothing\n');
  await refuse({}, /holds no range/);
});

test('a changed file is taken; one that has become useless leaves the list in force', async () => {
  writeFileSync(path, '10.0.0.1\n');
  const errors: unknown[] = [];
  const list = await Blocklist.open(
    { ...BLOCKLIST_DEFAULTS, path, pollMs: 10 },
    { ...runtime, onError: (error) => errors.push(error) },
  );
  const change = async (text: string, seconds: number, condition: () => boolean): Promise<void> => {
    writeFileSync(path, text);
    utimesSync(path, seconds, seconds);
    const keepAlive = setInterval(() => {}, 50);
    const endMs = Date.now() + 10_000;
    while (!condition() && Date.now() < endMs) await new Promise((resolve) => setTimeout(resolve, 5));
    clearInterval(keepAlive);
    assert.ok(condition());
  };
  await change('10.0.0.2\n', 1_000_000, () => list.isBlocked('10.0.0.2') && !list.isBlocked('10.0.0.1'));
  await change('', 2_000_000, () => errors.length > 0);
  assert.ok(list.isBlocked('10.0.0.2'));
  list.close();
});

test.run();
