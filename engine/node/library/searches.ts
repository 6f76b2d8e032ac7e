import { parseMagnet } from '../../bittorrent/magnet/parse.ts';
import type { Session } from '../session.ts';
import type { FoundMagnet, MagnetSearch } from '../sources/magnet-search.ts';
import type { Entry } from './entry.ts';

export interface SearchesModules {
  readonly session: Session;
  readonly onFound: (entry: Entry, found: FoundMagnet) => void;
  readonly onError: (entry: Entry, error: unknown) => void;
}

/** The magnet links of a library whose metadata is being looked for. */
export class Searches {
  private readonly modules: SearchesModules;

  constructor(modules: SearchesModules) {
    this.modules = modules;
  }

  begin(entry: Entry): void {
    if (entry.search !== undefined) return;
    let search: MagnetSearch;
    try {
      search = this.modules.session.search(parseMagnet(entry.magnet));
    } catch (error) {
      this.modules.onError(entry, error);
      return;
    }
    entry.search = search;
    search.found.then(
      (found) => {
        if (entry.search !== search) return;
        entry.search = undefined;
        this.modules.onFound(entry, found);
      },
      (error) => {
        // Ended on purpose, when it is not there any more.
        if (entry.search !== search) return;
        entry.search = undefined;
        this.modules.onError(entry, error);
      },
    );
  }

  async end(entry: Entry): Promise<void> {
    const { search } = entry;
    entry.search = undefined;
    await search?.cancel();
  }
}
