/**
 * The SHA-1 contest alone, its result as JSON on stdout: for a child process whose environment hides the SHA
 * extensions from OpenSSL.
 *
 *   OPENSSL_ia32cap=':~0x20000000' node dist/bench/kernels/masked.js [milliseconds]
 */
import { pieceContest } from './hashes.ts';
import { runPaired } from './paired.ts';

const contest = pieceContest('sha1', 'sha1 ×4 against node:crypto without SHA extensions', 1.6);
process.stdout.write(JSON.stringify(runPaired(contest, Number(process.argv[2] ?? 2000))));
