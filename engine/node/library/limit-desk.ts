import type { LimitTree } from '../../bittorrent/limits/limit-tree.ts';
import type { Category } from '../control/control.ts';
import type { NodeOptions } from '../control/session-options.ts';
import type { ManagedTorrent } from '../managed-torrent.ts';
import { isScheduled } from '../upkeep/schedule.ts';
import type { Entry } from './entry.ts';

/** The limits in force: the other ones while they are chosen, by hand or by the schedule. */
export function ratesInForce(
  options: NodeOptions,
  wallMs: number,
): { readonly downLimit: number; readonly upLimit: number } {
  const isOther = options.altEnabled || isScheduled(options.altSchedule, wallMs);
  if (!isOther) return { downLimit: options.downLimit, upLimit: options.upLimit };
  return { downLimit: options.altDownLimit, upLimit: options.altUpLimit };
}

/** Puts the limits that hold now into force: of the node, of its categories and of its trackers. */
export function applyLimits(
  tree: LimitTree,
  options: NodeOptions,
  categories: Iterable<Category>,
  wallMs: number,
): void {
  tree.setAll(ratesInForce(options, wallMs));
  for (const category of categories) tree.setCategory(category.name, category);
  tree.setTrackers(options.trackerLimits);
}

/** Puts a torrent in memory under the limits that hold for it, and lets it fetch its pieces in the order that is wished. */
export function limitTorrent({ row }: Entry, managed: ManagedTorrent): void {
  const { limits, picker } = managed.torrent;
  picker.sequential = row.sequential;
  limits.set({ downLimit: row.downLimit, upLimit: row.upLimit });
  limits.assign({ category: row.category, trackerHost: row.trackerHost });
}
