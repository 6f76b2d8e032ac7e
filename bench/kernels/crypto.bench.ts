/**
 * The AES, RC4 and XOR distance kernels against what one would do without them.
 *
 *   npm run build && node dist/bench/kernels/crypto.bench.js [seconds for each]
 */
import { cellContests } from './cells.ts';
import { runContest } from './contest.ts';
import { rc4Contest } from './rc4.ts';
import { xorContest } from './xor.ts';

const seconds = Number(process.argv[2] ?? 3);
for (const contest of [...cellContests(), rc4Contest(), xorContest()]) {
  const { what, choice, oursUs, rivalUs, ratio, target, pairs } = runContest(contest, seconds * 1000);
  const times = `${oursUs.toFixed(1)} µs, rival ${rivalUs.toFixed(1)} µs`;
  console.log(`${what} [${choice}]: × ${ratio.toFixed(2)} (to reach ${target}); ${times}, ${pairs} pairs`);
}
