/** Aim: the simulated runtime keeps every promise of the port, as the real one does. */
import { suite } from 'uvu';
import { runtimeConformance } from '../conformance/suite.ts';
import { makeSimWorld } from '../support/sim-world.ts';

const test = suite('simulated runtime');
runtimeConformance(test, makeSimWorld);
test.run();
