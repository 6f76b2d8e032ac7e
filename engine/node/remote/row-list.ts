import type { TorrentRow } from '../control/row.ts';

/** Rows that are made into one piece of text at a time, so that other work gets its turn in between. */
const ROWS_AT_ONCE = 1_000;
const PLACE = '@rows@';

/** Rows in an answer that become JSON when they are sent, as there may be very many. */
export class RowList {
  readonly rows: readonly TorrentRow[];
  readonly jsonOf: (row: TorrentRow) => string;
  /** Comes before the rows; empty: nothing does. */
  readonly head: string;
  /** What they are put in: a list, or an object when `jsonOf` writes the key too. */
  readonly brackets: '[]' | '{}';

  constructor(
    rows: readonly TorrentRow[],
    jsonOf: (row: TorrentRow) => string,
    shape: { readonly head?: string; readonly brackets?: '[]' | '{}' } = {},
  ) {
    this.rows = rows;
    this.jsonOf = jsonOf;
    this.head = shape.head ?? '';
    this.brackets = shape.brackets ?? '[]';
  }

  /** `JSON.stringify` asks for this: the place is found again by {@link bodyOf}. */
  toJSON(): string {
    return PLACE;
  }
}

/**
 * An answer as text, or as a stream when it holds more than {@link ROWS_AT_ONCE} rows. `list` has to be in `answer`
 * before anything that a stranger has a say in.
 */
export function bodyOf(answer: unknown, list: RowList | undefined): string | ReadableStream<Uint8Array> {
  const text = JSON.stringify(answer);
  if (list === undefined) return text;
  const place = `"${PLACE}"`;
  const at = text.indexOf(place);
  const before = text.slice(0, at) + list.brackets[0] + list.head;
  const after = `${list.brackets[1]}${text.slice(at + place.length)}`;
  if (list.rows.length <= ROWS_AT_ONCE) return before + partOf(list, 0, list.rows.length) + after;
  const encoder = new TextEncoder();
  let next = 0;
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        await new Promise(setImmediate);
        const end = Math.min(list.rows.length, next + ROWS_AT_ONCE);
        const part = (next === 0 ? before : '') + partOf(list, next, end);
        next = end;
        controller.enqueue(encoder.encode(end === list.rows.length ? part + after : part));
        if (end === list.rows.length) controller.close();
      },
    },
    { highWaterMark: 1 },
  );
}

function partOf({ rows, jsonOf, head }: RowList, begin: number, end: number): string {
  let text = '';
  for (let index = begin; index < end; index++) {
    text += index === 0 && head === '' ? jsonOf(rows[index]!) : `,${jsonOf(rows[index]!)}`;
  }
  return text;
}
