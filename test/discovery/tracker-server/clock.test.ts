/** Aim: what was learnt from before this process began, when its clock stood at 0, ends in its time, neither at once nor never. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PEER_CHANGE } from '../../../engine/discovery/tracker-server/swarm-log.ts';
import { TRACKER_DEFAULTS, Tracker } from '../../../engine/discovery/tracker-server/tracker.ts';
import { seededRandom } from '../../bittorrent/support/seeded-random.ts';

const test = suite('tracker and its clock');

test('a peer last seen before the clock began is kept until it has been silent for the expiry', () => {
  const random = seededRandom(1);
  const tracker = new Tracker({ ...TRACKER_DEFAULTS, torrentsMax: 10, peersMax: 100 }, { random });
  const ageSec = 600;
  tracker.learn(new Uint8Array(20), 0, Uint16Array.of(1, 2, 3), PEER_CHANGE.seeds, 0.5 - ageSec);
  assert.is(tracker.sweep(10, 1), 0);
  assert.is(tracker.sweep(10, TRACKER_DEFAULTS.expirySec - ageSec - 10), 0);
  assert.is(tracker.peerCount, 1);
  assert.is(tracker.sweep(10, TRACKER_DEFAULTS.expirySec - ageSec + 10), 1);
  assert.is(tracker.peerCount, 0);
});

test.run();
