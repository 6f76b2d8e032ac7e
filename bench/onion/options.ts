import { parseArgs } from 'node:util';
import { parseSize } from '../../engine/codec/units.ts';
import { SECTIONS, type SectionName } from './types.ts';

/** The words of the command line, understood. */
export interface OnionBenchOptions {
  readonly sections: readonly SectionName[];
  readonly runs: number;
  /** Of a transfer by the faster contestants; those known to be slow move a third of it. */
  readonly sizeBytes: number;
  readonly outFolder: string;
  /** Takes over what an earlier result file holds about contests that are not run. */
  readonly merge: boolean;
  /** Only C tor: for a look at the other side. */
  readonly rivalsOnly: boolean;
  readonly profile: boolean;
  /** The client that is profiled asks for no Counter Galois Onion. */
  readonly noCgo: boolean;
  /** Only writes the page afresh from the result file. */
  readonly render: boolean;
}

/** Shown by --help. */
export const ONION_HELP = `npm run bench:onion -- [options]

Allium's relays and client beside C tor in one private network on 127.0.0.1, by turns.

  --only LIST        sections: ${SECTIONS.join(',')} (default: all)
  --runs N           runs of each contestant (5; with --quick 2)
  --quick            small transfers: for a look, not for figures
  --size SIZE        of a transfer, such as 64MiB (100 MB; with --quick 30 MB); contestants known to be slow
                     move a third of it
  --rivals-only      leave Allium out
  --out DIR          where results go (bench/results)
  --merge            keep what the result file in --out says about contests that are not run
  --profile          where the time of Allium's middle relay and client goes under one stream, into
                     onion-profile.txt; nothing else is run
  --no-cgo           with --profile: the client asks for AES-CTR alone
  --render           write the page afresh from the result file; nothing is run
  --help             this text

Needs Linux and Debian's package tor (0.4.9).
`;

const QUICK_BYTES = 30e6;
const FULL_BYTES = 100e6;
const SIZE_MIN = 1e6;

/** Parses the words after `npm run bench:onion --`; undefined when help is asked for. Throws an Error that says what is off. */
export function parseOnionOptions(
  words: readonly string[],
  resultsFolder: string,
): OnionBenchOptions | undefined {
  const { values } = parseArgs({
    args: [...words],
    options: {
      only: { type: 'string' },
      runs: { type: 'string' },
      quick: { type: 'boolean', default: false },
      size: { type: 'string' },
      out: { type: 'string' },
      merge: { type: 'boolean', default: false },
      'rivals-only': { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
      'no-cgo': { type: 'boolean', default: false },
      render: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const runs = values.runs === undefined ? (values.quick ? 2 : 5) : Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1 || runs > 100)
    throw new Error('--runs wants a number from 1 to 100');
  const sizeBytes =
    values.size === undefined ? (values.quick ? QUICK_BYTES : FULL_BYTES) : parseSize(values.size);
  if (sizeBytes === undefined || sizeBytes < SIZE_MIN)
    throw new Error('--size wants a size of at least 1 MB');
  return {
    sections: sectionsOf(values.only),
    runs,
    sizeBytes,
    outFolder: values.out ?? resultsFolder,
    merge: values.merge,
    rivalsOnly: values['rivals-only'],
    profile: values.profile,
    noCgo: values['no-cgo'],
    render: values.render,
  };
}

function sectionsOf(text: string | undefined): readonly SectionName[] {
  if (text === undefined) return SECTIONS;
  const wanted = text.split(',').map((word) => word.trim());
  const unknown = wanted.find((word) => !SECTIONS.some((name) => name === word));
  if (unknown !== undefined) throw new Error(`there is no section “${unknown}”: ${SECTIONS.join(', ')}`);
  return SECTIONS.filter((name) => wanted.includes(name));
}
