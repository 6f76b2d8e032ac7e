import type { VNode } from 'preact';
import type { Filter } from '../list/list-view.ts';
import type { StateGroup } from '../list/state-groups.ts';
import { useCell } from './cell.ts';
import { el, part } from './html.ts';
import type { Model } from './model.ts';

const GROUPS: readonly (readonly [StateGroup, string])[] = [
  ['all', 'All'],
  ['active', 'Active'],
  ['downloading', 'Downloading'],
  ['seeding', 'Seeding'],
  ['checking', 'Checking'],
  ['queued', 'Queued'],
  ['stopped', 'Stopped'],
  ['trouble', 'Trouble'],
];
/** Choices shown of one kind, those with the most rows. */
const CHOICES_MAX = 200;
type Kind = 'category' | 'tag' | 'tracker';

/** Filters: state, category, tag and tracker, each with how many torrents it has. */
export function Sidebar({ model }: { readonly model: Model }): VNode | null {
  const facets = useCell(model.facets);
  const filter = useCell(model.filter);
  const setup = useCell(model.setup);
  const set = (change: Partial<Filter>): void => model.filter.set({ ...filter, ...change });
  const groups = GROUPS.map(([group, label]) =>
    choice(label, facets?.groups[group] ?? 0, filter.group === group, () => set({ group }), group),
  );
  const named = (kind: Kind, title: string, none: string, counts: ReadonlyMap<string, number> | undefined) =>
    part(Choices, {
      title,
      none,
      counts: counts ?? new Map(),
      chosen: filter[kind],
      choose: (name) => set({ [kind]: name }),
    });
  const categories = new Map([
    ...(setup?.categories ?? []).map(({ name }) => [name, 0] as const),
    ...(facets?.categories ?? []),
  ]);
  return el(
    'nav',
    { class: 'side', 'aria-label': 'Filters' },
    el('div', { role: 'group', 'aria-label': 'State' }, el('ul', null, groups)),
    named('category', 'Categories', 'No category', categories),
    named('tag', 'Tags', 'No tag', facets?.tags),
    named('tracker', 'Trackers', 'No tracker', facets?.trackers),
  );
}

function Choices(props: {
  readonly title: string;
  readonly none: string;
  readonly counts: ReadonlyMap<string, number>;
  readonly chosen: string | undefined;
  readonly choose: (name: string | undefined) => void;
}): VNode | null {
  const { title, none, counts, chosen, choose } = props;
  const some = [...counts]
    .sort((a, b) => b[1] - a[1])
    .slice(0, CHOICES_MAX)
    .sort((a, b) => (a[0] < b[0] ? -1 : 1));
  // Only “none” is no choice.
  if (some.length === 0 || (some.length === 1 && some[0]![0] === '')) return null;
  return el(
    'div',
    { role: 'group', 'aria-label': title },
    el('h2', null, title),
    el(
      'ul',
      null,
      some.map(([name, count]) =>
        choice(name === '' ? none : name, count, chosen === name, () =>
          choose(chosen === name ? undefined : name),
        ),
      ),
    ),
  );
}

function choice(label: string, count: number, isChosen: boolean, choose: () => void, mark = ''): VNode {
  return el(
    'li',
    { key: label },
    el(
      'button',
      { type: 'button', class: 'choice', 'aria-pressed': isChosen, onClick: choose },
      mark === '' ? null : el('i', { class: `dot ${mark}`, 'aria-hidden': 'true' }),
      el('span', { class: 'name', title: label }, label),
      el('span', { class: 'num count' }, count.toLocaleString('en')),
    ),
  );
}
