import { Agenda, type Entry } from './agenda.ts';

/** When {@link Timeline.run} stops; whichever comes first. With none it runs until nothing is left to happen. */
export interface RunOptions {
  /** Virtual time, from the start of the world. */
  readonly untilMs?: number;
  /** Virtual time, from now. */
  readonly forMs?: number;
  /** Asked between events, when everybody has done what there was to do at once. */
  readonly until?: () => boolean;
  /** More events than this in one call are taken for an endless loop and throw. Default 50 million. */
  readonly eventsMax?: number;
}

/** Why a run stopped: its condition held, its time was over, or nothing more can happen. */
export type RunEnd = 'condition' | 'time' | 'idle';

/** So often a long run lets the process breathe: signals, output, other tests' timers. */
const BREATHE_EVERY = 4096;

/**
 * Virtual time. Events run one after another; between two moments everything that waits for a promise goes on
 * until it waits for the future, so that code with `async` is as deterministic as code with callbacks.
 */
export class Timeline {
  readonly #agenda = new Agenda();
  #nowMs = 0;
  #running = false;

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Events that have not happened yet. */
  get pending(): number {
    return this.#agenda.size;
  }

  /** Runs `run` at `timeMs`, or now if that is past; never within this call. */
  at(timeMs: number, run: () => void): Entry {
    return this.#agenda.add(Math.max(timeMs, this.#nowMs), run);
  }

  cancel(entry: Entry): void {
    this.#agenda.cancel(entry);
  }

  async run(options: RunOptions = {}): Promise<RunEnd> {
    if (this.#running) throw new Error('the world is already running');
    this.#running = true;
    try {
      return await this.#run(options);
    } finally {
      this.#running = false;
    }
  }

  async #run(options: RunOptions): Promise<RunEnd> {
    const endMs = Math.min(options.untilMs ?? Infinity, this.#nowMs + (options.forMs ?? Infinity));
    let left = options.eventsMax ?? 50_000_000;
    await undefined; // settle() holds only when called from a promise callback, as it is from here on
    for (let moments = 1; ; moments++) {
      await (moments % BREATHE_EVERY === 0 ? breathe() : settle());
      if (options.until?.()) return 'condition';
      const next = this.#agenda.peek();
      if (next === undefined || next.timeMs > endMs) {
        if (endMs !== Infinity) this.#nowMs = Math.max(this.#nowMs, endMs);
        return next === undefined ? 'idle' : 'time';
      }
      this.#nowMs = next.timeMs;
      left -= this.#moment();
      if (left < 0) throw new Error(`more than ${options.eventsMax ?? 50_000_000} events: an endless loop?`);
    }
  }

  /** Runs what is due now. What that adds for now comes in the next moment, after the promises. */
  #moment(): number {
    const newest = this.#agenda.order;
    let count = 0;
    for (;;) {
      const next = this.#agenda.peek();
      if (next === undefined || next.timeMs > this.#nowMs || next.order >= newest) return count;
      this.#agenda.take()();
      count++;
    }
  }
}

/**
 * Until no promise callback is left to run. Called from one, Node runs the ticks only when all of them are done:
 * a chain of any length, and ten times cheaper than a turn of the event loop.
 */
function settle(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}

async function breathe(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  await settle();
}
