import { hash } from './tasks/hash.ts';
import { readHash } from './tasks/read-hash.ts';

/**
 * Everything that workers can be asked to do, by name: one file each in tasks/, of the type `Task`. A task may be
 * done again after a worker died in the middle of it, so doing it twice must do no harm.
 */
export const TASKS = { hash, readHash } as const;

export type TaskName = keyof typeof TASKS;
export type TaskPayload<Name extends TaskName> = Parameters<(typeof TASKS)[Name]>[0];
export type TaskResult<Name extends TaskName> = ReturnType<(typeof TASKS)[Name]>;
