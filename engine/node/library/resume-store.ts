import type { ResumeStore } from '../resume/keeper.ts';
import type { NodeStore } from '../store/store.ts';
import { type Entry, summaryOf } from './entry.ts';

/** What is saved along with how far torrents are. */
export interface SummarySource {
  readonly entries: ReadonlyMap<string, Entry>;
  aliveMs(): number;
}

/** A store that saves the summaries of torrents along with what the keeper saves of them. */
export function summarizing(store: NodeStore, source: () => SummarySource): ResumeStore {
  return {
    get journalBytes(): number {
      return store.journalBytes;
    },
    note: (entries) => store.note(entries),
    rotateJournal: () => store.rotateJournal(),
    saveResume: async (resumes, settled) => {
      const { entries } = source();
      const kept = new Map([...resumes].filter(([infoHash]) => entries.get(infoHash)?.removed === false));
      const aliveMs = source().aliveMs();
      const summaries = new Map(
        [...kept.keys()].map((infoHash) => {
          const entry = entries.get(infoHash)!;
          entry.settled = settled.has(infoHash);
          return [infoHash, summaryOf(entry, aliveMs)] as const;
        }),
      );
      await store.save({ resumes: kept, summaries });
    },
  };
}
