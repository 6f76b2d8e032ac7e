import type { Command } from 'commander';
import { registerBench } from './bench.ts';
import { registerCreate } from './create.ts';
import { registerCtl } from './ctl.ts';
import { registerDht } from './dht.ts';
import { registerDoctor } from './doctor.ts';
import { registerGet } from './get.ts';
import { registerImport } from './import.ts';
import { registerInfo } from './info.ts';
import { registerMagnet } from './magnet.ts';
import { registerNode } from './node.ts';
import { registerOnion } from './onion.ts';
import { registerRelay } from './relay.ts';
import { registerSeed } from './seed.ts';
import { registerTracker } from './tracker.ts';
import { registerVerify } from './verify.ts';

/**
 * Every command, in the order of the help text. A command's file describes its words and loads the code that does
 * the work only when the command runs, so that `allium --help` stays quick.
 */
export const COMMANDS: readonly ((program: Command) => unknown)[] = [
  registerInfo,
  registerMagnet,
  registerVerify,
  registerCreate,
  registerGet,
  registerSeed,
  registerNode,
  registerCtl,
  registerImport,
  registerOnion,
  registerDht,
  registerTracker,
  registerRelay,
  registerDoctor,
  registerBench,
];
