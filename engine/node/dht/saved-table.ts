import { asBytes, asDict, decodeBencode, encodeBencode } from '../../codec/bencode.ts';
import type { AddressBytes } from '../../codec/compact-endpoint.ts';
import { AlliumError } from '../../codec/error.ts';
import { readNodes, writeNodes } from '../../discovery/dht/compact.ts';
import { ID_BYTES } from '../../discovery/dht/id.ts';
import type { NodeContact } from '../../discovery/dht/types.ts';
import type { FileSystem } from '../../runtime/port.ts';

/** What a node keeps from one run to the next. */
export interface SavedTable {
  /** 20 bytes. */
  readonly id: Uint8Array;
  readonly nodes: readonly NodeContact[];
}

/** Nodes kept of one table: more than any table holds. */
export const SAVED_NODES_MAX = 2000;
const FILE_BYTES_MAX = 1 << 20;
const KEYS: Readonly<Record<AddressBytes, readonly [id: string, nodes: string]>> = {
  4: ['id', 'nodes'],
  16: ['id6', 'nodes6'],
};

/** Tables by family; one that is missing is left out. */
export type SavedTables = ReadonlyMap<AddressBytes, SavedTable>;

/**
 * Reads what {@link saveTables} wrote; empty when there is no such file. Throws BAD_STATE when it is something else.
 */
export async function loadTables(path: string, files: FileSystem): Promise<SavedTables> {
  if ((await files.stat(path)) === undefined) return new Map();
  const result = decodeBencode(await files.readFile(path, FILE_BYTES_MAX));
  const fields = result.ok ? asDict(result.value) : undefined;
  const tables = new Map<AddressBytes, SavedTable>();
  for (const family of [4, 16] as const) {
    const [idKey, nodesKey] = KEYS[family];
    const id = asBytes(fields?.get(idKey));
    const nodes = asBytes(fields?.get(nodesKey));
    if (id?.length !== ID_BYTES || nodes === undefined) continue;
    tables.set(family, { id: id.slice(), nodes: readNodes(nodes, family, SAVED_NODES_MAX) });
  }
  if (fields !== undefined && (tables.size > 0 || fields.size === 0)) return tables;
  throw new AlliumError('BAD_STATE', `“${path}” holds no table of a DHT node`, {
    advice: 'Name another file with --state, or take this one away.',
    details: { path },
  });
}

/** Writes ids and nodes, as a whole or not at all. */
export async function saveTables(path: string, tables: SavedTables, files: FileSystem): Promise<void> {
  const fields: Record<string, Uint8Array> = {};
  for (const [family, { id, nodes }] of tables) {
    const [idKey, nodesKey] = KEYS[family];
    fields[idKey] = id;
    fields[nodesKey] = writeNodes(nodes.slice(0, SAVED_NODES_MAX), family);
  }
  await files.writeFile(path, encodeBencode(fields));
}
