import { runCommand } from '../../support/command.ts';
import { lastLines } from '../../support/daemon.ts';
import type { Creator } from './program.ts';

export function mktorrentCreator(path: string): Creator {
  return {
    ...{ name: 'mktorrent', side: 'rival', setting: '2 threads' },
    versions: ['v1'],
    async create(content, _version, pieceLength, out) {
      const power = String(Math.log2(pieceLength));
      const cost = await runCommand(path, ['-d', '-l', power, '-t', '2', '-o', out, content]);
      if (cost.code !== 0) throw new Error(lastLines(cost.output));
      return cost;
    },
  };
}
