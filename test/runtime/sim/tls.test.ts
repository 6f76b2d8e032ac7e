/** Aim: TLS in the simulated world keeps the same promises as over real sockets. */
import { suite } from 'uvu';
import { tlsConformance } from '../conformance/tls.ts';
import { makeSimWorld } from '../support/sim-world.ts';

const test = suite('simulated TLS');
tlsConformance(test, makeSimWorld);
test.run();
