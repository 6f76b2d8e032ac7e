import { type MachineCpu, machineCpu } from './proc.ts';

/** What else the machine did during a run. */
export interface Noise {
  /** Share of the CPU time wanted that the hypervisor gave to other guests, 0 to 1. */
  readonly stealShare: number;
  /** CPU seconds per second that neither the program nor our own helpers used: other people's load, in cores. */
  readonly otherCores: number;
}

/** Watches the machine from its making until {@link end}. */
export class NoiseMeter {
  readonly #before: MachineCpu = machineCpu();
  readonly #beganMs = performance.now();

  /** `knownCpuSeconds`: what the program that is measured and our helpers used meanwhile. */
  end(knownCpuSeconds: number): Noise {
    const after = machineCpu();
    const busy = after.busySeconds - this.#before.busySeconds;
    const steal = after.stealSeconds - this.#before.stealSeconds;
    const seconds = (performance.now() - this.#beganMs) / 1000;
    return {
      stealShare: busy + steal > 0 ? steal / (busy + steal) : 0,
      otherCores: seconds > 0 ? Math.max(0, (busy - knownCpuSeconds) / seconds) : 0,
    };
  }
}
