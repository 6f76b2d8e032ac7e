/** Aim: the real runtime keeps every promise of the port, over loopback and on this machine's disk. */
import { suite } from 'uvu';
import { runtimeConformance } from '../conformance/suite.ts';
import { makeRealWorld } from '../support/real-world.ts';

const test = suite('real runtime');
runtimeConformance(test, makeRealWorld);
test.run();
