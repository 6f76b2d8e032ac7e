import type { AlliumError } from '../../codec/error.ts';

/** How far a client has come. */
export interface BootstrapProgress {
  /** 0 … 100; 100: circuits can be built. */
  readonly percent: number;
  /** One sentence. */
  readonly what: string;
}

/** Something that a user might want to see. */
export type OnionProgress =
  | ({ readonly kind: 'bootstrap' } & BootstrapProgress)
  /** It goes on trying; the error says what is wrong and what to do. */
  | { readonly kind: 'problem'; readonly error: AlliumError };

/** Steps of the way to the first circuit, with their percentages. */
export const BOOTSTRAP_STEPS = {
  begin: { percent: 0, what: 'Starting' },
  connect: { percent: 5, what: 'Connecting to a directory' },
  consensus: { percent: 20, what: 'Fetching the consensus' },
  certificates: { percent: 35, what: 'Fetching the certificates of the authorities' },
  descriptors: { percent: 45, what: 'Fetching relay descriptors' },
  enough: { percent: 85, what: 'Enough is known to build circuits' },
  circuit: { percent: 90, what: 'Building the first circuit' },
  done: { percent: 100, what: 'Ready' },
} as const satisfies Readonly<Record<string, BootstrapProgress>>;
