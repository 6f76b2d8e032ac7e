import type { Model } from './model.ts';

const RETRY_MS = 4_000;
/** A page that nobody looks at lets go of its stream after so long. */
const HIDDEN_MS = 20_000;

/** Keeps the page fed: the stream of the list, and the one of the torrent that is open. */
export class Connection {
  readonly #model: Model;
  #list: EventSource | undefined;
  #detail: EventSource | undefined;
  #hiddenTimer = 0;

  constructor(model: Model) {
    this.#model = model;
    this.#openList();
    model.open.follow(() => this.#openDetail());
    document.addEventListener('visibilitychange', () => this.#onVisibility());
  }

  #openList(): void {
    const model = this.#model;
    const source = new EventSource(`events?since=${model.revision}`);
    this.#list = source;
    const on = <T>(name: string, take: (event: T) => void): void => {
      source.addEventListener(name, (event) => take(JSON.parse((event as MessageEvent<string>).data) as T));
    };
    on('rows', (event: Parameters<Model['onRows']>[0]) => model.onRows(event));
    on('stats', (event: Parameters<Model['onStats']>[0]) => model.onStats(event));
    on('history', (event: Parameters<Model['onHistory']>[0]) => model.onHistory(event));
    on('setup', (event: NonNullable<Model['setup']['value']>) => model.setup.set(event));
    source.onopen = () => model.link.set('live');
    source.onerror = () => {
      // The browser tries again by itself unless it was told to go away.
      const isRefused = source.readyState === EventSource.CLOSED;
      model.link.set(isRefused ? 'refused' : 'lost');
      if (isRefused) setTimeout(() => this.#retry(source), RETRY_MS);
    };
  }

  #retry(source: EventSource): void {
    if (this.#list === source) this.#openList();
  }

  #openDetail(): void {
    this.#detail?.close();
    this.#detail = undefined;
    const { open } = this.#model;
    if (open.value === '') return;
    const source = new EventSource(`events/torrents/${open.value}`);
    this.#detail = source;
    source.addEventListener('detail', (event) => {
      if (source === this.#detail) this.#model.onDetail(JSON.parse((event as MessageEvent<string>).data));
    });
  }

  #onVisibility(): void {
    clearTimeout(this.#hiddenTimer);
    if (!document.hidden) {
      if (this.#list === undefined) this.#openList();
      if (this.#detail === undefined) this.#openDetail();
      return;
    }
    this.#hiddenTimer = setTimeout(() => {
      this.#list?.close();
      this.#detail?.close();
      this.#list = undefined;
      this.#detail = undefined;
    }, HIDDEN_MS);
  }
}
