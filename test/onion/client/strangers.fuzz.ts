/**
 * Aim: whatever a relay says, in whatever order, no exception escapes, streams hear how they ended, and no memory stays
 * out. The seed is printed when it fails; ALLIUM_FUZZ_SEED runs it again.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CELL } from '../../../engine/onion/cell/command.ts';
import { encodeSendme, encodeXoff, encodeXon } from '../../../engine/onion/cell/flow-messages.ts';
import { RELAY } from '../../../engine/onion/cell/relay-command.ts';
import { encodeResolved } from '../../../engine/onion/cell/resolve-messages.ts';
import { encodeConnected, encodeEnd } from '../../../engine/onion/cell/stream-messages.ts';
import type { Random } from '../../../engine/runtime/port.ts';
import { fuzzRandom, mutate } from '../crypto/support.ts';
import { OneHop, type StreamRecord } from './support/one-hop.ts';

const test = suite('a client and a hostile relay');
const COMMANDS = Object.values(RELAY);
const ROUNDS = 60;
const CELLS_PER_ROUND = 60;

const GOOD: readonly Uint8Array[] = [
  encodeConnected({ host: '93.184.0.9', ttlSec: 5 }),
  encodeConnected({ host: '2606::1', ttlSec: 5 }),
  encodeConnected({ host: undefined, ttlSec: 0 }),
  encodeEnd({ reason: 4, host: '93.184.0.9', ttlSec: 5 }),
  encodeResolved([
    { kind: 'ipv4', value: '93.184.0.9', ttlSec: 5 },
    { kind: 'name', value: 'a.test', ttlSec: 5 },
  ]),
  encodeSendme({ version: 1, digest: new Uint8Array(20) }),
  encodeXoff(),
  encodeXon({ rateKbPerSec: 100 }),
  new Uint8Array(498),
];

/** Most of it harmless, so that circuits live long enough for what is not. */
function nextCell(random: Random, streams: readonly StreamRecord[]) {
  const record = streams[random.below(streams.length)];
  const stream = random.below(150) === 0 ? random.below(0x10000) : (record?.stream.streamId ?? 0);
  const state = record?.stream.state;
  const usual = state === 'open' ? RELAY.data : state === 'connecting' ? RELAY.connected : RELAY.drop;
  const command = random.below(40) === 0 ? COMMANDS[random.below(COMMANDS.length)]! : usual;
  const good =
    command === RELAY.data ? GOOD.at(-1)! : GOOD[random.below(command === usual ? 3 : GOOD.length)]!;
  const data = random.below(20) === 0 ? mutate(good, random).subarray(0, 498) : good;
  return { command, stream, data };
}

test('nothing that it says is too much', async () => {
  const { seed, random } = fuzzRandom(11);
  try {
    let ended = 0;
    let opened = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const hop = new OneHop();
      hop.build();
      await hop.settle();
      const streams: StreamRecord[] = [];
      for (let i = 0; i < CELLS_PER_ROUND && hop.end === undefined; i++) {
        if (random.below(4) === 0) streams.push(hop.stream(random.below(5) === 0 ? 'resolve' : 'connect'));
        const some = streams[random.below(streams.length)];
        if (random.below(6) === 0) some?.stream.write(new Uint8Array(random.below(3000)));
        if (random.below(20) === 0) some?.stream.end();
        await hop.settle();
        const spoiled = random.below(150) === 0 ? random.below(514) : -1;
        hop.reply([nextCell(random, streams)], (cells) => {
          if (spoiled >= 5) cells[spoiled]! ^= 1 << random.below(8);
        });
        if (random.below(200) === 0) hop.control(random.below(256), random.bytes(random.below(509)).slice());
      }
      if (hop.end === undefined) hop.control(CELL.destroy, new Uint8Array(0));
      await hop.settle();
      for (const { stream, end, refused } of streams) {
        assert.ok(end !== undefined || refused.length > 0, `seed ${seed}: ${stream.state} is left`);
      }
      opened += streams.filter((record) => record.opened.length > 0).length;
      ended += hop.end?.kind === 'protocol' ? 1 : 0;
      hop.close();
    }
    // Else it tests nothing.
    assert.ok(opened > ROUNDS && ended > ROUNDS / 4, `${opened} opened, ${ended} ended`);
  } catch (error) {
    throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
});

test.run();
