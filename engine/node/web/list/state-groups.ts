import type { RowState } from '../../control/row.ts';
import { WIRE_STATES } from '../wire.ts';
import type { Columns } from './columns.ts';

/** What a list can be narrowed to; a row is in several. */
export const GROUP_BITS = [
  'all',
  'active',
  'downloading',
  'seeding',
  'checking',
  'queued',
  'stopped',
  'trouble',
] as const;

export type StateGroup = (typeof GROUP_BITS)[number];

const GROUPS_OF: Readonly<Record<RowState, readonly StateGroup[]>> = {
  metadata: ['downloading'],
  downloading: ['downloading'],
  seeding: ['seeding'],
  checking: ['checking'],
  moving: ['checking'],
  queued: ['queued'],
  stopped: ['stopped'],
  offline: ['trouble'],
  error: ['trouble'],
};

const bitOf = (group: StateGroup): number => 1 << GROUP_BITS.indexOf(group);
const BITS = WIRE_STATES.map((state) =>
  GROUPS_OF[state].reduce((bits, group) => bits | bitOf(group), bitOf('all')),
);
const ACTIVE = bitOf('active');

/** The groups the row is in, a bit each, in the order of {@link GROUP_BITS}. */
export function groupBitsOf({ numbers }: Columns, slot: number): number {
  const isActive = numbers.down[slot]! > 0 || numbers.up[slot]! > 0;
  return BITS[numbers.state[slot]!]! | (isActive ? ACTIVE : 0);
}
