import type { Command } from 'commander';

/** One line of the Examples section: the words after `allium`, and what they do. */
export type Example = readonly [words: string, meaning: string];

/** Ends the help text of `command` with examples. Every command has at least one. */
export function addExamples(command: Command, examples: readonly Example[]): Command {
  const lines = examples.map(([words, meaning]) => `  ${meaning}\n    $ allium ${words}`);
  return command.addHelpText('after', `\nExamples:\n${lines.join('\n')}`);
}
