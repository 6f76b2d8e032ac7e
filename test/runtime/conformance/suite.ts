import type { Test } from 'uvu';
import { datagramConformance } from './datagrams.ts';
import { fileErrorConformance } from './file-errors.ts';
import { fileConformance } from './files.ts';
import { httpConformance } from './http.ts';
import { nameConformance } from './names.ts';
import { streamEndConformance } from './stream-ends.ts';
import { streamConformance } from './streams.ts';
import { timeConformance } from './time.ts';
import type { MakeWorld } from './world.ts';

/** All that every {@link Runtime} must do alike. */
export function runtimeConformance(test: Test, makeWorld: MakeWorld): void {
  timeConformance(test, makeWorld);
  streamConformance(test, makeWorld);
  streamEndConformance(test, makeWorld);
  datagramConformance(test, makeWorld);
  nameConformance(test, makeWorld);
  httpConformance(test, makeWorld);
  fileConformance(test, makeWorld);
  fileErrorConformance(test, makeWorld);
}
