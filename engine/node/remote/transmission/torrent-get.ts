import type { TorrentDetail } from '../../control/details.ts';
import type { TorrentRow } from '../../control/row.ts';
import { RowList } from '../row-list.ts';
import { listWriter, objectWriter } from '../row-writer.ts';
import { type JsonRecord, textIn, wrongValue } from '../values.ts';
import type { Call } from './call.ts';
import { DETAIL_FIELDS } from './detail-fields.ts';
import { chosenBy } from './ids.ts';
import { newName } from './names.ts';
import { ROW_FIELDS } from './row-fields.ts';

/** Details that are fetched at one time. */
const DETAILS_AT_ONCE = 16;

interface Field {
  /** As it was asked for, which is how it is answered. */
  readonly asked: string;
  readonly name: string;
}

/** `torrent_get`: chosen fields of chosen torrents. Unknown fields are left out, as Transmission does. */
export async function torrentGet(args: JsonRecord, call: Call): Promise<Record<string, unknown>> {
  const fields = fieldsOf(args);
  const format = textIn(args, 'format') ?? 'objects';
  if (format !== 'objects' && format !== 'table') throw wrongValue('format', 'objects or table');
  const { rows, removedIds } = chosenBy(args, call.control, call.recentSince);
  const details = fields.some(({ name }) => Object.hasOwn(DETAIL_FIELDS, name))
    ? await detailsOf(rows, call)
    : undefined;
  const isTable = format === 'table';
  const jsonOf = rowWriter(fields, { call, details, isTable });
  const head = isTable ? JSON.stringify(fields.map(({ asked }) => asked)) : '';
  // Those that went while details were fetched are left out.
  const there = details === undefined ? rows : rows.filter((row) => details.has(row.infoHash));
  const torrents = new RowList(there, jsonOf, { head });
  return removedIds === undefined ? { torrents } : { torrents, removed: removedIds };
}

/** Each field once: what is asked for is written for very many rows. */
function fieldsOf(args: JsonRecord): readonly Field[] {
  const asked = args['fields'];
  if (!Array.isArray(asked) || !asked.every((field) => typeof field === 'string')) {
    throw wrongValue('fields', 'a list of the names of fields');
  }
  const fields = new Map<string, Field>();
  for (const field of asked as readonly string[]) {
    const name = newName(field);
    if (fields.has(name)) continue;
    if (Object.hasOwn(ROW_FIELDS, name) || Object.hasOwn(DETAIL_FIELDS, name)) {
      fields.set(name, { asked: field, name });
    }
  }
  return [...fields.values()];
}

type Write = (row: TorrentRow) => unknown;

function rowWriter(
  fields: readonly Field[],
  from: {
    readonly call: Call;
    readonly details: ReadonlyMap<string, TorrentDetail> | undefined;
    readonly isTable: boolean;
  },
): (row: TorrentRow) => string {
  const { options } = from.call.control;
  const { style } = from.call;
  const columns = fields.map(({ asked, name }): readonly [string, Write] => {
    const ofRow = Object.hasOwn(ROW_FIELDS, name) ? ROW_FIELDS[name] : undefined;
    if (ofRow !== undefined) return [asked, (row) => ofRow(row, options)];
    const ofDetail = DETAIL_FIELDS[name]!;
    return [asked, (row) => ofDetail(from.details!.get(row.infoHash)!, style)];
  });
  return from.isTable ? listWriter(columns.map(([, write]) => write)) : objectWriter(columns);
}

async function detailsOf(
  rows: readonly TorrentRow[],
  { control }: Call,
): Promise<ReadonlyMap<string, TorrentDetail>> {
  const details = new Map<string, TorrentDetail>();
  for (let begin = 0; begin < rows.length; begin += DETAILS_AT_ONCE) {
    const part = rows.slice(begin, begin + DETAILS_AT_ONCE);
    await Promise.all(
      part.map(async ({ infoHash }) => {
        try {
          details.set(infoHash, await control.detail(infoHash));
        } catch (error) {
          if (control.row(infoHash) !== undefined) throw error;
        }
      }),
    );
  }
  return details;
}
