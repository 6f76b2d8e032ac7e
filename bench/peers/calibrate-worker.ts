/** One thread of the calibration: does the jobs it is sent and answers each. */
import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';

/** Hash some megabytes of memory, or read a part of a file. */
export type CalibrationJob =
  | { readonly job: 'hash'; readonly name: 'sha1' | 'sha256'; readonly pieces: number }
  | { readonly job: 'read'; readonly path: string; readonly from: number; readonly to: number };

const PIECE_BYTES = 1 << 20;
const piece = Buffer.alloc(PIECE_BYTES, 0xa5);

function work(job: CalibrationJob): void {
  if (job.job === 'hash') {
    for (let done = 0; done < job.pieces; done += 1) createHash(job.name).update(piece).digest();
    return;
  }
  const handle = openSync(job.path, 'r');
  for (let at = job.from; at < job.to; ) {
    const bytes = readSync(handle, piece, 0, Math.min(PIECE_BYTES, job.to - at), at);
    if (bytes === 0) break;
    at += bytes;
  }
  closeSync(handle);
}

parentPort?.on('message', (job: CalibrationJob) => {
  work(job);
  parentPort?.postMessage('done');
});
