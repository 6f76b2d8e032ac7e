/**
 * Aim: the search for secrets in a log finds a part of one in every form in which a program could let it slip, and
 * finds nothing where there is nothing; what a program computes with is recorded by the witness.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Leaks } from './leaks.ts';
import { readWitness, witnessEnv, witnessWords } from './secret-witness-files.ts';

const leaks = suite('the search for secrets');
const secret = Uint8Array.from({ length: 32 }, (_, at) => (at * 37 + 11) & 0xff);
const buffer = Buffer.from(secret);
const text = (bytes: Uint8Array): string => JSON.stringify({ level: 20, msg: 'x', key: bytes });

const FORMS: Readonly<Record<string, string>> = {
  hex: buffer.toString('hex'),
  'capital hex': buffer.toString('hex').toUpperCase(),
  'hex at an odd place': `a${buffer.toString('hex')}`,
  'hex with colons': (buffer.toString('hex').match(/../g) ?? []).join(':'),
  base64: buffer.toString('base64'),
  base64url: buffer.toString('base64url'),
  'base64 behind one byte': Buffer.concat([Buffer.of(7), buffer]).toString('base64'),
  'base64 behind two bytes': Buffer.concat([Buffer.of(7, 8), buffer]).toString('base64'),
  latin1: buffer.toString('latin1'),
  'latin1 in JSON': JSON.stringify(buffer.toString('latin1')),
  utf8: buffer.toString('utf8'),
  'an array in JSON': text(secret),
  'a list in JSON': JSON.stringify([...secret]),
  'a buffer in JSON': JSON.stringify(buffer),
  'a buffer inspected': inspect(buffer),
  'an array inspected': inspect(secret),
  'half of it': buffer.subarray(9, 25).toString('hex'),
};

leaks('finds it in every form', () => {
  const search = new Leaks();
  search.add('the key', secret);
  for (const [form, planted] of Object.entries(FORMS)) {
    assert.equal(search.findIn(`a line before ${planted} and after\n`), ['the key'], form);
  }
});

leaks('finds nothing where nothing is', () => {
  const search = new Leaks();
  search.add('the key', secret);
  search.add('zeros', new Uint8Array(64));
  const other = Uint8Array.from(secret, (byte) => byte ^ 0x55);
  const innocent = `${'0'.repeat(200)} ${Buffer.from(other).toString('hex')} ${text(other)} ${inspect(other)}\n`;
  assert.equal(search.findIn(innocent), []);
  assert.equal(search.findIn(''), []);
});

leaks('the witness of a process has the keys that it computed with, also those of its threads', () => {
  const folder = mkdtempSync(join(tmpdir(), 'allium-witness-'));
  try {
    const script = `
      import { createCipheriv, createPrivateKey, diffieHellman, createPublicKey, generateKeyPairSync, hash, randomFillSync } from 'node:crypto';
      import { Worker } from 'node:worker_threads';
      createCipheriv('aes-128-ctr', Buffer.from('cipher key of 16'), new Uint8Array(16));
      randomFillSync(new Uint8Array(32)).fill(0);
      hash('sha256', 'abc', 'buffer');
      const make = (d) => createPrivateKey({ key: { kty: 'OKP', crv: 'X25519', x: '', d: Buffer.alloc(32, d).toString('base64url') }, format: 'jwk' });
      diffieHellman({ privateKey: make('seed one'), publicKey: createPublicKey(make('seed two')) });
      generateKeyPairSync('rsa', { modulusLength: 1024, privateKeyEncoding: { type: 'pkcs8', format: 'der' }, publicKeyEncoding: { type: 'spki', format: 'der' } });
      new Worker("import { createCipheriv } from 'node:crypto'; createCipheriv('aes-128-ctr', Buffer.from('key of a thread.'), new Uint8Array(16))", { eval: true });
    `;
    const ran = spawnSync(process.execPath, [...witnessWords(), '--input-type=module', '--eval', script], {
      env: { ...process.env, ...witnessEnv(folder) },
      encoding: 'utf8',
    });
    assert.is(ran.status, 0, ran.stderr);
    const search = readWitness(folder);
    for (const known of ['cipher key of 16', 'key of a thread.', 'seed oneseed oneseed oneseed one']) {
      assert.equal(search.findIn(Buffer.from(known).toString('hex')).length, 1, known);
    }
    const abc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
    assert.equal(search.findIn(abc), ['hash']);
    // Two ciphers, chance, a digest, two private keys, what they agree on, and an RSA key.
    assert.ok(search.size >= 8, `${search.size} secrets`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

leaks.run();
