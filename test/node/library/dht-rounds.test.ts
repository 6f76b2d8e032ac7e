/** Aim: what seeds without being in memory is announced to the DHT, one a second, in rounds; private torrents never. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DhtRounds } from '../../../engine/node/library/dht-rounds.ts';
import { type Entry, entryOf, Interner } from '../../../engine/node/library/entry.ts';
import type { Session } from '../../../engine/node/session.ts';
import { ALL_SOURCES } from '../../../engine/node/sources/source-rules.ts';
import { SUMMARY_FLAGS } from '../../../engine/node/store/summary.ts';
import { summaryFor } from './support/summary.ts';

const rounds = suite('DHT rounds');

rounds('one a second, each once a round, private and stopped ones never; each announce ends', () => {
  const flags = [0, SUMMARY_FLAGS.private, SUMMARY_FLAGS.stopped, 0, 0];
  const entries = new Map<string, Entry>();
  for (const [index, flag] of flags.entries()) {
    const infoHash = String(index).padStart(40, '0');
    const summary = { ...summaryFor(`t${index}`, { flags: flag }), number: index + 1 };
    entries.set(infoHash, entryOf(infoHash, summary, new Interner()));
  }
  const told: string[] = [];
  let running = 0;
  const dht = {
    announce: (infoHash: Uint8Array) => {
      told.push(Buffer.from(infoHash).toString('hex').slice(-1));
      running += 1;
      return {
        stop: () => {
          running -= 1;
        },
      };
    },
  };
  const session = { finders: { dht }, local: { host: '127.0.0.1', port: 1 }, sources: ALL_SOURCES };
  let second = 0;
  const made = new DhtRounds({ entries, session: session as unknown as Session, now: () => second * 1_000 });
  for (; second < 60; second += 1) {
    made.tick();
    assert.ok(told.length <= second + 1);
  }
  assert.equal(told, ['0', '3', '4']);
  assert.is(running, 0, 'they have ended');
  for (; second < 26 * 60; second += 1) made.tick();
  assert.equal(told, ['0', '3', '4', '0', '3', '4']);
  made.close();
  assert.is(running, 0);
});

rounds.run();
