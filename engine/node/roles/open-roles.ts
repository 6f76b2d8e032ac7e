import { totalmem } from 'node:os';
import { join } from 'node:path';
import type { Runtime } from '../../runtime/port.ts';
import type { Wishes } from '../../society/roles/jobs.ts';
import type { Control } from '../control/control.ts';
import type { Log } from '../log.ts';
import { RoleKeeper } from './role-keeper.ts';
import { parseWishes } from './wishes.ts';

/** The settings of a node that its jobs depend on. */
export interface RoleSettings {
  /** Folder. */
  readonly state: string;
  readonly threads: number;
  /** As {@link parseWishes} takes them. */
  readonly jobs: readonly string[];
}

/** Starts to keep the jobs of a node. Never rejects. */
export function openRoles(
  settings: RoleSettings,
  modules: { readonly control: Control; readonly runtime: Runtime; readonly log: Log },
): Promise<RoleKeeper> {
  const { control, runtime, log } = modules;
  return RoleKeeper.start(
    {
      path: join(settings.state, 'roles.json'),
      wishes: wishesOf(settings),
      cores: settings.threads,
      memoryBytes: totalmem(),
    },
    { control, log, clock: runtime.clock, files: runtime.files },
  );
}

/** Whether the operator leaves the DHT to the node; else it is not to be opened at all. */
export function allowsDht(settings: Pick<RoleSettings, 'jobs'>): boolean {
  return wishesOf(settings).dht !== 'forbid';
}

function wishesOf({ jobs }: Pick<RoleSettings, 'jobs'>): Wishes {
  return parseWishes(jobs) ?? {};
}
