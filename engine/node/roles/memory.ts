import * as v from 'valibot';
import type { FileSystem } from '../../runtime/port.ts';
import type { JobRecords } from '../../society/roles/conduct.ts';
import { JOBS, type Wishes } from '../../society/roles/jobs.ts';
import { type HistoryData, HOURS_MAX, historySchema } from './history.ts';

/** 720 hours take about 50 KB. */
export const MEMORY_BYTES_MAX = 256 * HOURS_MAX;

const number = v.pipe(v.number(), v.finite(), v.minValue(0));
const recordSchema = v.object({
  ...{ done: number, failed: number, goodMs: number, bannedUntilMs: number, strikes: number },
  isHeld: v.boolean(),
});
const wishSchema = v.picklist(['auto', 'request', 'forbid']);

/** The wishes of an operator: `{"exit": "request", "tracker": "forbid"}`. */
export const wishesSchema = v.record(v.picklist(JOBS), wishSchema);

const memorySchema = v.object({
  version: v.literal(1),
  history: historySchema,
  records: v.record(v.picklist(JOBS), recordSchema),
  wishes: wishesSchema,
});

/** What a node remembers of its jobs over restarts. */
export interface RolesMemory {
  readonly history: HistoryData;
  readonly records: JobRecords;
  readonly wishes: Wishes;
}

/** Undefined when there is none; `onProblem` hears of one that cannot be used, which is begun anew. */
export async function readRoles(
  files: FileSystem,
  path: string,
  onProblem: (text: string) => void,
): Promise<RolesMemory | undefined> {
  try {
    if ((await files.stat(path)) === undefined) return undefined;
    const text = new TextDecoder().decode(await files.readFile(path, MEMORY_BYTES_MAX));
    return v.parse(memorySchema, JSON.parse(text));
  } catch {
    onProblem(`${path} cannot be read: what the node knows of its uptime and its jobs begins anew`);
    return undefined;
  }
}

export function writeRoles(files: FileSystem, path: string, memory: RolesMemory): Promise<void> {
  const text = JSON.stringify({ version: 1, ...memory });
  return files.writeFile(path, new TextEncoder().encode(text));
}
