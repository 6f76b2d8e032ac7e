// Aim: 16,500 mutated documents, requests and answers end in a value or a reason: no exception, no hang, no growth.
// ALLIUM_FUZZ_SEED replays a run.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseAuthorityCertificates } from '../../../engine/onion/directory/authority-cert.ts';
import { parseConsensus } from '../../../engine/onion/directory/consensus.ts';
import { verifyConsensus } from '../../../engine/onion/directory/consensus-verify.ts';
import { parseDirAuthorities } from '../../../engine/onion/directory/dir-authority.ts';
import { DirectoryAnswerReader } from '../../../engine/onion/directory/directory-answer.ts';
import { DirectoryRequestReader } from '../../../engine/onion/directory/directory-request.ts';
import { parsePolicyRule } from '../../../engine/onion/directory/exit-policy.ts';
import { parseExtraInfo } from '../../../engine/onion/directory/extra-info.ts';
import { parseMicrodescriptors } from '../../../engine/onion/directory/microdescriptor.ts';
import { readDirectoryPath } from '../../../engine/onion/directory/paths.ts';
import { parseServerDescriptors } from '../../../engine/onion/directory/server-descriptor.ts';
import type { Random } from '../../../engine/runtime/port.ts';
import { seededRandom } from '../../bittorrent/support/seeded-random.ts';
import { authorities, bytes, certificates, fixture, NOW_MS, text } from './support.ts';

const test = suite('directory fuzz');
const seed = Number(process.env['ALLIUM_FUZZ_SEED'] ?? 20261122);

/** Changes bytes, cuts, doubles and swaps lines, puts numbers and words in that are none. */
function mutate(document: Uint8Array, random: Random): Uint8Array {
  let lines = text(document).split('\n');
  for (let count = 1 + random.below(4); count > 0; count--) {
    const at = random.below(lines.length);
    const line = lines[at]!;
    const words = line.split(' ');
    switch (random.below(8)) {
      case 0:
        lines.splice(at, 1 + random.below(3));
        break;
      case 1:
        lines.splice(at, 0, line);
        break;
      case 2:
        lines[at] = line.slice(0, random.below(line.length + 1));
        break;
      case 3:
        words[random.below(words.length)] = [
          '',
          '-1',
          '99999999999999999999',
          '=',
          '\0',
          'constructor',
          '*',
          '\xff',
        ][random.below(8)]!;
        lines[at] = words.join(' ');
        break;
      case 4:
        lines = [...lines.slice(at), ...lines.slice(0, at)];
        break;
      case 5:
        lines[at] = `${words[0]} ${'x '.repeat(random.below(3000))}`;
        break;
      case 6:
        lines[at] = line + String.fromCharCode(random.below(256)) + line;
        break;
      default: {
        const place = random.below(line.length + 1);
        lines[at] = line.slice(0, place) + String.fromCharCode(random.below(256)) + line.slice(place + 1);
      }
    }
    if (lines.length === 0) lines = [''];
  }
  return bytes(lines.join('\n'));
}

/** Counts how many came to something and how many did not. */
class Outcomes {
  good = 0;
  bad = 0;

  add(result: { readonly ok: true } | { readonly ok: false; readonly reason: string }): void {
    if (result.ok) this.good++;
    else {
      this.bad++;
      assert.type(result.reason, 'string');
      assert.ok(result.reason.length > 0 && result.reason.length < 1500, result.reason);
      assert.not.match(result.reason, /\p{Cc}/u);
    }
  }
}

function hammer(
  name: string,
  runs: number,
  document: Uint8Array,
  take: (mutated: Uint8Array, sums: Outcomes) => void,
): void {
  test(name, () => {
    const random = seededRandom(seed);
    const sums = new Outcomes();
    for (let run = 0; run < runs; run++) {
      const mutated = mutate(document, random);
      try {
        take(mutated, sums);
      } catch (error) {
        throw new Error(`seed ${seed}, run ${run}: ${text(mutated).slice(0, 2000)}`, { cause: error });
      }
    }
    assert.ok(sums.bad > 0, 'some were refused');
  });
}

for (const flavour of ['ns', 'microdesc'] as const) {
  hammer(`consensus, ${flavour}`, 3000, fixture(`consensus-${flavour}`), (mutated, sums) => {
    const result = parseConsensus(mutated);
    sums.add(result);
    if (!result.ok) return;
    // What can be read and differs in the signed part must not be believed.
    const verdict = verifyConsensus(result.value, {
      authorities,
      certificates: certificates.slice(0, 2),
      nowMs: NOW_MS,
    });
    if (verdict.ok)
      assert.is(
        text(mutated).split('directory-signature')[0],
        text(fixture(`consensus-${flavour}`)).split('directory-signature')[0],
      );
    else sums.add(verdict);
  });
}

hammer('server descriptors', 2500, fixture('descriptors'), (mutated, sums) => {
  for (const result of parseServerDescriptors(mutated, NOW_MS)) sums.add(result);
});
hammer('extra-info', 1500, fixture('extra-info'), (mutated, sums) => {
  sums.add(parseExtraInfo(mutated, { nowMs: NOW_MS, identityKey: undefined }));
});
hammer('microdescriptors', 2000, fixture('microdescriptors'), (mutated, sums) => {
  for (const { result } of parseMicrodescriptors(mutated)) sums.add(result);
});
hammer('certificates', 1000, fixture('certificates'), (mutated, sums) => {
  for (const result of parseAuthorityCertificates(mutated)) sums.add(result);
});
hammer('lines of authorities', 500, fixture('authorities'), (mutated, sums) => {
  sums.add(parseDirAuthorities(text(mutated)));
});

const ANSWER = bytes(
  'HTTP/1.0 200 OK\r\nDate: Sun, 22 Nov 2026 20:16:17 GMT\r\nContent-Encoding: deflate\r\nContent-Length: 3\r\n\r\nabc',
);
hammer('answers', 1500, ANSWER, (mutated, sums) => {
  const reader = new DirectoryAnswerReader({ bodyBytesMax: 4096 });
  const pushed = reader.push(mutated);
  sums.add(pushed.ok ? reader.finish() : pushed);
});

const REQUEST = bytes(
  'GET /tor/server/fp/AD3AEE9C28B6EB9E956F8B087ABFACD8389611C3+AD3A.z HTTP/1.0\r\nHost: x\r\nIf-Modified-Since: x\r\n\r\n',
);
hammer('requests and paths', 1500, REQUEST, (mutated, sums) => {
  const got = new DirectoryRequestReader({ bodyBytesMax: 4096 }).push(mutated);
  sums.add(got);
  readDirectoryPath(text(mutated).split(' ')[1] ?? '', 'GET');
  for (const word of text(mutated).split(/[ /+]/)) sums.add(parsePolicyRule(`accept ${word}`));
});

test.run();
