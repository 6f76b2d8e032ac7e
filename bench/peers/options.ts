import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { parseSize } from '../../engine/codec/units.ts';
import { SECTIONS, type SectionName } from './types.ts';

/** The words of the command line, understood. */
export interface PeersOptions {
  readonly sections: readonly SectionName[];
  /** Parts of the names of programs to run; empty: all. Allium always runs. */
  readonly programs: readonly string[];
  readonly runs: number;
  /** Payload of verify, create and seed; a quarter of it is downloaded. */
  readonly sizeBytes: number;
  readonly outFolder: string;
  readonly workFolder: string;
  /** Where downloads go. */
  readonly downloadFolder: string | undefined;
  /** Run in a network of its own, where that is possible. */
  readonly namespace: boolean;
  readonly keep: boolean;
  /** Takes over what an earlier result file holds about sections that are not run. */
  readonly merge: boolean;
  readonly profile: boolean;
  /** Only writes page, picture and figures afresh from the result file. */
  readonly render: boolean;
}

/** Shown by --help. */
export const PEERS_HELP = `npm run bench:peers -- [options]

Whole programs side by side, those that are installed: verify, create, seed, download. All on 127.0.0.0/8.

  --only LIST        sections: ${SECTIONS.join(',')} (default: all)
  --programs LIST    rivals whose name holds one of these words (default: all)
  --runs N           runs of each program (5; with --quick 2)
  --quick            small payloads: for a look, not for figures
  --size SIZE        payload (4GiB; with --quick 1GiB); a quarter of it is downloaded
  --out DIR          where results go (bench/results)
  --merge            keep what the result file in --out says about the sections left out
  --work DIR         scratch folder (the system's temporary folder); needs 2.5 times the payload
  --downloads DIR    folder for downloads (/dev/shm where there is room)
  --no-namespace     as root the run has a network of its own with nothing but loopback (unshare, ip), and TCP
                     without pacing; with this it uses the network of the system
  --keep             do not delete payloads; the next run with the same --work and --size takes them
  --profile          where Allium's time goes when it seeds and downloads, into profile.txt; nothing else is run
  --render           write page, chart and README figures afresh from the result file; nothing is run
  --help             this text

ALLIUM_BENCH_WEBTORRENT=DIR names a folder whose node_modules holds webtorrent.
`;

const QUICK_BYTES = 2 ** 30;
const FULL_BYTES = 4 * 2 ** 30;
const SIZE_MIN = 16 * 2 ** 20;

/** Parses the words after `npm run bench:peers --`; undefined when help is asked for. Throws an Error that says what is off. */
export function parsePeersOptions(words: readonly string[], resultsFolder: string): PeersOptions | undefined {
  const { values } = parseArgs({
    args: [...words],
    options: {
      only: { type: 'string' },
      programs: { type: 'string' },
      runs: { type: 'string' },
      quick: { type: 'boolean', default: false },
      size: { type: 'string' },
      out: { type: 'string' },
      merge: { type: 'boolean', default: false },
      work: { type: 'string' },
      downloads: { type: 'string' },
      'no-namespace': { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
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
    throw new Error('--size wants a size of at least 16MiB');
  return {
    sections: sectionsOf(values.only),
    programs: listOf(values.programs),
    runs,
    sizeBytes: sizeBytes - (sizeBytes % SIZE_MIN),
    outFolder: values.out ?? resultsFolder,
    workFolder: values.work ?? tmpdir(),
    downloadFolder: values.downloads,
    namespace: !values['no-namespace'],
    keep: values.keep,
    merge: values.merge,
    profile: values.profile,
    render: values.render,
  };
}

function sectionsOf(text: string | undefined): readonly SectionName[] {
  if (text === undefined) return SECTIONS;
  const wanted = listOf(text);
  const unknown = wanted.find((word) => !SECTIONS.some((name) => name === word));
  if (unknown !== undefined) throw new Error(`there is no section “${unknown}”: ${SECTIONS.join(', ')}`);
  return SECTIONS.filter((name) => wanted.includes(name));
}

function listOf(text: string | undefined): readonly string[] {
  return (text ?? '')
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}
