import { type DocumentLimits, LineReader, type PemObject } from './line-reader.ts';
import { failure, type Result, success } from './result.ts';

/** One keyword line of a short document, with its object. */
export interface DocumentItem {
  readonly keyword: string;
  /** The words behind the keyword. */
  readonly words: readonly string[];
  /** All behind the keyword, as it stands. */
  readonly rest: string;
  readonly object: PemObject | undefined;
  /** Where the line begins, in bytes. */
  readonly start: number;
  /** Where the line ends, behind its newline, before the object. */
  readonly lineEnd: number;
}

/** How often a keyword may stand in a document and what has to follow it. */
export interface ItemRule {
  readonly times: 'once' | 'at-most-once' | 'any';
  /** Fewest words behind it; 0 when left out. */
  readonly wordsMin?: number;
  /** The label of the object it must have. */
  readonly object?: string;
  /** It must be the first line, or the last. */
  readonly place?: 'first' | 'last';
}

export type ItemRules = Readonly<Record<string, ItemRule>>;

/** The items of a document that a rule was given for, by keyword; others are left out, as newer programs have more. */
export class Items {
  readonly #items: ReadonlyMap<string, readonly DocumentItem[]>;
  /** Those of `any` times in the order of the document. */
  readonly ordered: readonly DocumentItem[];

  constructor(items: ReadonlyMap<string, readonly DocumentItem[]>, ordered: readonly DocumentItem[]) {
    this.#items = items;
    this.ordered = ordered;
  }

  all(keyword: string): readonly DocumentItem[] {
    return this.#items.get(keyword) ?? [];
  }

  first(keyword: string): DocumentItem | undefined {
    return this.#items.get(keyword)?.[0];
  }

  /** The only one, whose rule says `once`. */
  one(keyword: string): DocumentItem {
    const item = this.first(keyword);
    if (item === undefined) throw new RangeError(`no rule asks for ${keyword}`);
    return item;
  }

  has(keyword: string): boolean {
    return this.#items.has(keyword);
  }
}

/** Reads a short document and holds it against the rules. The reason names the line that is missing or wrong. */
export function readItems(text: string, rules: ItemRules, limits: DocumentLimits): Result<Items> {
  const reader = new LineReader(text, limits);
  const items = new Map<string, DocumentItem[]>();
  const ordered: DocumentItem[] = [];
  let last = '';
  let isFirst = true;
  while (reader.next()) {
    const { keyword } = reader;
    const rule = Object.hasOwn(rules, keyword) ? rules[keyword] : undefined;
    if (rules[last]?.place === 'last') return failure(`something follows the line “${last}”`);
    if (isFirst !== (rule?.place === 'first') && (isFirst ? hasFirst(rules) : true)) {
      return failure(
        isFirst ? `it does not begin with “${firstOf(rules)}”` : `“${keyword}” stands not first`,
      );
    }
    isFirst = false;
    last = rule === undefined ? '' : keyword;
    if (rule === undefined) continue;
    const item = takeItem(reader);
    const list = items.get(keyword);
    if (list === undefined) items.set(keyword, [item]);
    else list.push(item);
    ordered.push(item);
    const wrong = complaint(rule, item, reader, list?.length ?? 1);
    if (wrong !== '') return failure(`the line “${keyword}” ${wrong}`);
  }
  if (reader.fault !== '') return failure(`the document ${reader.fault}`);
  for (const [keyword, rule] of Object.entries(rules)) {
    if (rule.times === 'once' && !items.has(keyword)) return failure(`the line “${keyword}” is missing`);
    if (rule.place === 'last' && last !== keyword) return failure(`it does not end with “${keyword}”`);
  }
  return success(new Items(items, ordered));
}

function takeItem(reader: LineReader): DocumentItem {
  return {
    keyword: reader.keyword,
    words: reader.words(),
    rest: reader.rest,
    object: reader.object(),
    start: reader.start,
    lineEnd: reader.lineEnd,
  };
}

function complaint(rule: ItemRule, item: DocumentItem, reader: LineReader, times: number): string {
  if (times > 1 && rule.times !== 'any') return 'stands there more than once';
  if (item.words.length < (rule.wordsMin ?? 0)) return `has fewer than ${rule.wordsMin} words`;
  if (reader.hasObject && item.object === undefined) return 'has an object that is not base64';
  if (rule.object !== undefined && item.object?.label !== rule.object) {
    return `has no object “${rule.object}”`;
  }
  return '';
}

function firstOf(rules: ItemRules): string | undefined {
  return Object.entries(rules).find(([, rule]) => rule.place === 'first')?.[0];
}

function hasFirst(rules: ItemRules): boolean {
  return firstOf(rules) !== undefined;
}
