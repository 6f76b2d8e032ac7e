import { closeSync, constants, openSync } from 'node:fs';

/** A piece may touch thousands of files; a lane reads one at a time, so a few more than the lanes are enough. */
export const OPEN_FILES_MAX = 16;

/** For reading only. Not to block on a pipe that somebody put where a file was (Windows has no such flag). */
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** The files one task has open, at most {@link OPEN_FILES_MAX}. Closed at the end of the task: nobody keeps a disk busy. */
export class OpenFiles {
  readonly #paths: readonly string[];
  /** By index of the path; the one used last is last. */
  readonly #descriptors = new Map<number, number>();

  constructor(paths: readonly string[]) {
    this.#paths = paths;
  }

  /** The descriptor of path number `index`. Throws what the system says. */
  descriptor(index: number): number {
    const known = this.#descriptors.get(index);
    if (known !== undefined) return known;
    if (this.#descriptors.size >= OPEN_FILES_MAX) this.#closeOldest();
    const descriptor = openSync(this.#paths[index]!, FLAGS);
    this.#descriptors.set(index, descriptor);
    return descriptor;
  }

  closeAll(): void {
    while (this.#descriptors.size > 0) this.#closeOldest();
  }

  #closeOldest(): void {
    for (const [index, descriptor] of this.#descriptors) {
      this.#descriptors.delete(index);
      closeSync(descriptor);
      return;
    }
  }
}
