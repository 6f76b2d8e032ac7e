import type { Command } from 'commander';

/**
 * Every command, in the order of the help text. A command's file describes its words and loads the code that does
 * the work only when the command runs, so that `allium --help` stays quick.
 */
export const COMMANDS: readonly ((program: Command) => unknown)[] = [];
