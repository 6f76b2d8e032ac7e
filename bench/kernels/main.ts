/**
 * All kernels against their rivals, as JSON on stdout; `allium bench kernels` makes a table of it.
 *
 *   node dist/bench/kernels/main.js [milliseconds for each row]
 */
import { measureTable } from './table.ts';

const durationMs = Number(process.argv[2] ?? 3000);
const table = await measureTable(durationMs, (what) => process.stderr.write(`measuring ${what}\n`));
process.stdout.write(JSON.stringify(table));
