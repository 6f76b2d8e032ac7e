import * as v from 'valibot';
import { accountingSchema } from './accounting-keeper.ts';
import { bandwidthHistorySchema } from './bandwidth-history.ts';
import type { KeyFolder } from './key-folder.ts';

const STATE_FILE = 'state.json';

const schema = v.strictObject({
  version: v.literal(1),
  bandwidth: v.optional(bandwidthHistorySchema),
  accounting: v.optional(accountingSchema),
});

/** What a relay remembers of itself across restarts, keys aside. */
export type RelayState = Omit<v.InferOutput<typeof schema>, 'version'>;

/** Reads it. `isDamaged`: there is a file that makes no sense; the relay begins anew. Throws the file system's errors. */
export function readRelayState(folder: KeyFolder): {
  readonly state: RelayState;
  readonly isDamaged: boolean;
} {
  const bytes = folder.read(STATE_FILE);
  if (bytes === undefined) return { state: {}, isDamaged: false };
  try {
    const { version: _, ...state } = v.parse(schema, JSON.parse(bytes.toString('utf8')));
    return { state, isDamaged: false };
  } catch {
    return { state: {}, isDamaged: true };
  }
}

export function writeRelayState(folder: KeyFolder, state: RelayState): void {
  folder.write(STATE_FILE, `${JSON.stringify({ version: 1, ...state })}\n`);
}
