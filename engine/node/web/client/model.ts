import { type Facets, type Filter, ListView, NO_FILTER, type Sorting } from '../list/list-view.ts';
import { Selection } from '../list/selection.ts';
import type { DetailEvent, HistoryEvent, RowsEvent, SetupEvent, StatsEvent } from '../wire.ts';
import { Cell } from './cell.ts';
import { EngineSeries, SpeedSeries } from './series.ts';

export type LinkState = 'connecting' | 'live' | 'lost' | 'refused';
export type Panel = 'none' | 'engine' | 'options';
export interface Toast {
  readonly id: number;
  readonly kind: 'good' | 'bad';
  readonly text: string;
}
/** What lies over the page. */
export type Dialog =
  | { readonly kind: 'add'; readonly files: readonly File[]; readonly links: readonly string[] }
  | { readonly kind: 'remove' | 'move' | 'labels'; readonly infoHashes: readonly string[] }
  | { readonly kind: 'help' };

const SECONDS_KEPT = 600;
/** Between two looks of the list during a first load. */
const LOADING_EVERY_MS = 200;
const FACETS_EVERY_MS = 1_000;
const TOASTS_MAX = 4;
const SORTING: Sorting = { column: 'addedAt', descending: true };

/** All that the page knows and shows. Components follow its cells. */
export class Model {
  readonly view = new ListView();
  readonly selection = new Selection();
  /** Raised when the rows shown, their content or the selection have changed. */
  readonly listVersion = new Cell(0);
  readonly facets = new Cell<Facets | undefined>(undefined);
  readonly filter = new Cell<Filter>(NO_FILTER);
  readonly sorting = new Cell<Sorting>(SORTING);
  readonly link = new Cell<LinkState>('connecting');
  /** Rows of a first load that is under way; 0 when there is none. */
  readonly loading = new Cell(1);
  readonly stats = new Cell<StatsEvent | undefined>(undefined);
  readonly setup = new Cell<SetupEvent | undefined>(undefined);
  readonly speed = new SpeedSeries(SECONDS_KEPT);
  readonly engine = new EngineSeries(SECONDS_KEPT);
  readonly panel = new Cell<Panel>('none');
  readonly dialog = new Cell<Dialog | undefined>(undefined);
  readonly toasts = new Cell<readonly Toast[]>([]);
  /** The torrent whose details are open; empty: none. */
  readonly open = new Cell('');
  readonly detail = new Cell<DetailEvent>({});
  /** Speeds of the open torrent since it was opened. */
  readonly openSpeed = new Cell(new SpeedSeries(SECONDS_KEPT));
  revision = 0;
  #frame = 0;
  #refreshedAtMs = -1;
  #facetsAtMs = 0;
  #facetsTimer = 0;
  #nextToast = 1;

  constructor() {
    this.filter.follow(() => this.refreshSoon());
    this.sorting.follow(() => this.refreshSoon());
    this.open.follow(() => {
      this.detail.set({});
      this.openSpeed.set(new SpeedSeries(SECONDS_KEPT));
    });
  }

  onRows(event: RowsEvent): void {
    this.view.apply(event.rows, event.removed, event.reset);
    if (event.revision > 0) this.revision = event.revision;
    if (event.total >= 0) {
      if (event.revision > 0) performance.mark('all rows');
      this.loading.set(event.revision > 0 ? 0 : event.total);
    }
    this.refreshSoon();
  }

  onStats(event: StatsEvent): void {
    const { stats, nowMs } = event;
    this.speed.push(nowMs / 1000, stats.downBytesPerSec, stats.upBytesPerSec);
    this.engine.push(nowMs / 1000, stats);
    const slot = this.view.columns.slotOf(this.open.value);
    const { down, up } = this.view.columns.numbers;
    if (slot !== undefined) this.openSpeed.value.push(nowMs / 1000, down[slot]!, up[slot]!);
    this.stats.set(event);
  }

  onHistory(event: HistoryEvent): void {
    this.speed.load(event);
  }

  onDetail(event: DetailEvent): void {
    this.detail.set({ ...this.detail.value, ...event });
  }

  /** The list anew, with the next frame. */
  refreshSoon(): void {
    if (this.#frame !== 0) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      // While 100,000 rows come in, the list need not follow each of their parts.
      const isTooSoon = this.loading.value > 1 && performance.now() - this.#refreshedAtMs < LOADING_EVERY_MS;
      if (isTooSoon) this.refreshSoon();
      else this.#refresh();
    });
  }

  /** After a change of {@link selection}. */
  touchSelection(): void {
    this.listVersion.set(this.listVersion.value + 1);
  }

  /** Info-hashes of the rows shown, in order. */
  order(): string[] {
    const { infoHash } = this.view.columns;
    return Array.from(this.view.shown, (slot) => infoHash[slot]!);
  }

  /** What an action is about: the chosen rows, or else the one that the keyboard is at. */
  targets(): readonly string[] {
    const { chosen, cursor } = this.selection;
    if (chosen.size > 0) return [...chosen];
    return cursor === '' ? [] : [cursor];
  }

  nameOf(infoHash: string): string {
    const slot = this.view.columns.slotOf(infoHash);
    return slot === undefined ? '' : this.view.columns.name[slot]!;
  }

  say(kind: Toast['kind'], text: string): void {
    const toast = { id: this.#nextToast++, kind, text };
    this.toasts.set([...this.toasts.value, toast].slice(-TOASTS_MAX));
    setTimeout(() => this.unsay(toast.id), kind === 'good' ? 5_000 : 15_000);
  }

  unsay(id: number): void {
    this.toasts.set(this.toasts.value.filter((toast) => toast.id !== id));
  }

  #refresh(): void {
    this.view.refresh(this.filter.value, this.sorting.value);
    if (this.view.shown.length > 0 && this.#refreshedAtMs < 0) performance.mark('first rows');
    if (this.view.shown.length > 0) this.#refreshedAtMs = performance.now();
    const { columns } = this.view;
    this.selection.keep((infoHash) => columns.slotOf(infoHash) !== undefined);
    if (this.open.value !== '' && columns.slotOf(this.open.value) === undefined && this.loading.value === 0) {
      this.open.set('');
    }
    this.listVersion.set(this.listVersion.value + 1);
    this.#facetsSoon();
  }

  #facetsSoon(): void {
    if (this.#facetsTimer !== 0) return;
    const waitMs = Math.max(0, this.#facetsAtMs + FACETS_EVERY_MS - performance.now());
    this.#facetsTimer = setTimeout(() => {
      this.#facetsTimer = 0;
      this.#facetsAtMs = performance.now();
      this.facets.set(this.view.facets());
    }, waitMs);
  }
}
