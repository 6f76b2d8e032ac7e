/** A command that behaves as program.test.ts asks it to. */
import { openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { EXIT, type ExitCode } from '../../../engine/cli/support/exit-code.ts';
import { guardOutput, writeOut } from '../../../engine/cli/support/output.ts';
import { runCommand } from '../../../engine/cli/support/run-command.ts';

const BODIES: Readonly<Record<string, (signal: AbortSignal) => Promise<ExitCode | undefined>>> = {
  missing: async () => {
    openSync('/nonexistent', 'r');
    return EXIT.done;
  },
  bug: async () => {
    throw new TypeError('a slip of the pen');
  },
  damage: async () => EXIT.damage,
  done: async () => undefined,
  wait: async (signal) => {
    writeOut('waiting\n');
    await sleep(20_000, undefined, { signal }).finally(() => writeOut('cleaned up\n'));
    return EXIT.done;
  },
  stubborn: async (signal) => {
    signal.addEventListener('abort', () => writeOut('no\n'));
    writeOut('waiting\n');
    await sleep(20_000);
    return EXIT.done;
  },
  flood: async () => {
    for (;;) {
      writeOut('x'.repeat(65_536));
      await sleep(1);
    }
  },
};

guardOutput();
const [name = '', ...rest] = process.argv.slice(2);
const body = BODIES[name];
if (body === undefined) throw new Error(`no body ${name}`);
await runCommand({ name: 'fixture', json: rest.includes('--json') }, body);
