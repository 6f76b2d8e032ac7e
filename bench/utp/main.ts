/**
 * uTP over loopback beside bare datagrams, TCP and libtorrent's uTP, in turns: `npm run bench:utp [ROUNDS]`. Compare
 * within one run; the first runs as a floor for the second, the third for the fourth.
 */
import { describeMachine, machineLine } from '../support/machine.ts';
import { median, medianDeviation } from '../support/statistics.ts';
import { PUMPS } from './pumps.ts';
import { openSwarms } from './swarms.ts';
import type { Run } from './types.ts';

const ROUNDS = 5;

async function main(words: readonly string[]): Promise<number> {
  const rounds = words[0] === undefined ? ROUNDS : Number(words[0]);
  if (!Number.isInteger(rounds) || rounds < 1) {
    process.stderr.write('bench:utp [ROUNDS]: so many turns for each case, 5 unless said otherwise.\n');
    return 2;
  }
  const swarms = await openSwarms();
  const cases = [...PUMPS, ...swarms.cases];
  const runs = new Map<string, Run[]>(cases.map(({ name }) => [name, []]));
  try {
    for (let round = 1; round <= rounds; round++) {
      for (const { name, run } of cases) runs.get(name)!.push(await run());
      process.stderr.write(`round ${round} of ${rounds}\n`);
    }
  } finally {
    await swarms.close();
  }
  process.stdout.write(`${machineLine(describeMachine())}; medians of ${rounds} rounds in turns\n\n`);
  process.stdout.write(
    '| transfer over loopback | MB/s | ± | CPU s/GB, both ends |\n| --- | ---: | ---: | ---: |\n',
  );
  for (const [name, list] of runs) {
    const rates = list.map(({ megabytesPerSec }) => megabytesPerSec);
    const cpu = median(list.map(({ cpuSecPerGigabyte }) => cpuSecPerGigabyte));
    const cost = Number.isNaN(cpu) ? '–' : cpu.toFixed(1);
    const cells = [median(rates).toFixed(0), medianDeviation(rates).toFixed(0), cost];
    process.stdout.write(`| ${name} | ${cells.join(' | ')} |\n`);
  }
  return 0;
}

process.exitCode = await main(process.argv.slice(2));
