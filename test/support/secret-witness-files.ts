import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Leaks } from './leaks.ts';

const WITNESS = new URL('./secret-witness.js', import.meta.url).href;

/** The environment variable that names the folder. */
export const WITNESS_FOLDER = 'ALLIUM_TEST_WITNESS';

/** Words for Node in front of the program, so that what it computes with is written down. */
export function witnessWords(): readonly string[] {
  return ['--import', WITNESS];
}

/** `folder` has to be there; it then holds every key of the process. */
export function witnessEnv(folder: string): Readonly<Record<string, string>> {
  return { [WITNESS_FOLDER]: folder };
}

/** All that was written down so far, ready to be searched for. */
export function readWitness(folder: string): Leaks {
  const leaks = new Leaks();
  for (const name of readdirSync(folder)) {
    for (const line of readFileSync(join(folder, name), 'latin1').split('\n')) {
      const [kind = '', hex = ''] = line.split(' ');
      if (hex !== '') leaks.add(kind, Buffer.from(hex, 'hex'));
    }
  }
  return leaks;
}
