import { machineLine } from '../support/machine.ts';
import { fixedText, megabytesText, memoryText, timesText } from './numbers.ts';
import { type RowSummary, ratioOf, summarizeContest } from './summary.ts';
import type { Contest, PeersResult } from './types.ts';

const BEGIN = '<!-- figures:begin -->';
const END = '<!-- figures:end -->';

/** The text with the block between the two markers replaced; unchanged when they are not there. */
export function replaceFigures(markdown: string, block: string): string {
  const begin = markdown.indexOf(BEGIN);
  const end = markdown.indexOf(END, begin);
  if (begin < 0 || end < 0) return markdown;
  return `${markdown.slice(0, begin + BEGIN.length)}\n${block}${markdown.slice(end)}`;
}

/** What stands in the README: the picture and a table of Allium beside the fastest rival of every contest. */
export function figuresBlock(result: PeersResult, picture: string): string {
  const { machine } = result;
  const commit = result.commit === '' ? '' : `, commit ${result.commit}`;
  const rows = result.contests.map(contestLine).join('');
  return `
![Allium beside other programs](${picture})

Measured on ${machineLine(machine)}, ${machine.system}, on ${result.startedAt.slice(0, 10)}${commit}, with
${versionsText(result)}. Medians of runs by turns; 1 MB = 1,000,000 bytes.

| | Allium MB/s | fastest other | MB/s | Allium is | CPU s/GB, Allium / other | peak memory, Allium / other |
| --- | ---: | --- | ---: | ---: | ---: | ---: |
${rows}
\`npm run bench:peers\` measures it on your machine; \`npm run bench:peers -- --render\` made this block.

`;
}

function contestLine(contest: Contest): string {
  const rows = summarizeContest(contest);
  const allium = rows.find(({ side }) => side === 'allium');
  const [rival] = rows.filter(({ side, runCount }) => side === 'rival' && runCount > 0);
  if (allium === undefined) return '';
  const both = (text: (row: RowSummary) => string): string =>
    rival === undefined ? text(allium) : `${text(allium)} / ${text(rival)}`;
  const cells = [
    contest.title,
    megabytesText(allium.rate),
    rival?.program ?? '',
    rival === undefined ? '' : megabytesText(rival.rate),
    rival === undefined ? '' : timesText(ratioOf(allium, rival)?.median ?? Number.NaN),
    both((row) => fixedText(row.cpuSecondsPerGb, 2)),
    both((row) => memoryText(row.peakBytes)),
  ];
  return `| ${cells.join(' | ')} |\n`;
}

function versionsText(result: PeersResult): string {
  const others = Object.entries(result.versions).filter(([program]) => program !== 'Allium');
  return others.map(([program, version]) => `${program} ${version}`).join(', ') || 'no other program';
}
