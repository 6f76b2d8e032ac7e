import { Command, CommanderError } from 'commander';
import { AlliumError } from '../codec/error.ts';
import { VERSION } from '../codec/version.ts';
import { COMMANDS } from './commands.ts';
import { EXIT, type ExitCode } from './support/exit-code.ts';
import { failureJson } from './support/failure.ts';
import { addExamples } from './support/help.ts';
import { writeErr, writeJson } from './support/output.ts';

/** The whole command line of `allium`, ready to parse. */
export function createProgram(): Command {
  const program = new Command('allium')
    .description('Verify, create, download and seed torrents; carry traffic through onion networks.')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command');
  program.addHelpText(
    'after',
    '\nExit codes: 0 done, 1 damage found, 2 bad usage or input, 3 I/O failed, 130 interrupted.',
  );
  for (const register of COMMANDS) register(program);
  addExamples(program, [
    ['node', 'Run the seedbox node'],
    ['verify --help', 'What a command can do'],
  ]);
  program.commands.forEach((command) => {
    prepare(command, 'allium');
  });
  prepare(program, '');
  return program;
}

/** Commander throws instead of exiting, and its complaints become one line that names the command. */
function prepare(command: Command, parentName: string): void {
  const name = `${parentName} ${command.name()}`.trim();
  command.exitOverride();
  command.configureOutput({
    outputError: (text) => {
      const complaint = text
        .trim()
        .replace(/^error: /, '')
        .replaceAll(/\s*\n\s*/g, ' ');
      const sentence = complaint.endsWith('.') || complaint.endsWith(')') ? complaint : `${complaint}.`;
      writeErr(`${name}: ${sentence} See ${name} --help.\n`);
    },
  });
  for (const child of command.commands) prepare(child, name);
}

/**
 * Runs the command line `words` (without node and script). Returns the exit code when parsing ended the run
 * (help, version, bad usage); undefined when a command ran, which then has set `process.exitCode`.
 */
export async function runProgram(words: readonly string[]): Promise<ExitCode | undefined> {
  try {
    await createProgram().parseAsync([...words], { from: 'user' });
    return undefined;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return EXIT.done;
    if (words.includes('--json')) {
      writeJson(failureJson(new AlliumError('BAD_USAGE', error.message.replace(/^error: /, ''))));
    }
    return EXIT.badInput;
  }
}
