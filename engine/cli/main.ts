#!/usr/bin/env node
import { runProgram } from './program.ts';
import { EXIT } from './support/exit-code.ts';
import { bugText } from './support/failure.ts';
import { guardOutput, writeErr } from './support/output.ts';

guardOutput();
process.on('uncaughtException', (error) => {
  writeErr(bugText('allium', error));
  process.exit(EXIT.ioFailed);
});

const code = await runProgram(process.argv.slice(2));
if (code !== undefined) process.exitCode = code;
