/** What one end of a transfer did. */
export interface SideReport {
  readonly receivedBytes: number;
  /** Since its process began. */
  readonly cpuSeconds: number;
}

/** One run of a case. */
export interface Run {
  readonly megabytesPerSec: number;
  /** Of both ends together; NaN where a program does not tell. */
  readonly cpuSecPerGigabyte: number;
}

/** Something that is measured in turns with others. */
export interface BenchCase {
  readonly name: string;
  run(): Promise<Run>;
}
