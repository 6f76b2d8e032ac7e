import { BUILD_TIMEOUT_FLOOR_MS } from '../path/build-timeout.ts';
import { PATH_DEFAULTS } from '../path/network.ts';
import type { OnionClientSettings } from './types.ts';

/** What holds where nothing is set. */
export const SETTINGS: OnionClientSettings = {
  congestionControl: true,
  cgo: true,
  ipv6: 'no',
  allowPrivateAnswers: false,
  preBuild: true,
  useDirPort: false,
  buildTimeoutMinMs: BUILD_TIMEOUT_FLOOR_MS,
  streamTimeoutMs: 120_000,
  streamIdleTimeoutMs: Number.POSITIVE_INFINITY,
  streamAttemptsMax: 4,
  streamsMax: 8192,
  buildingMax: 32,
  circuitsMax: 256,
  streamQueueBytesMax: 4 * 2 ** 20,
  paths: PATH_DEFAULTS,
};
