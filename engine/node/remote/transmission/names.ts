/**
 * Names of Transmission's protocol. Inside, all are as in its version 4.1 (`download_dir`); before, arguments of a
 * session were written `download-dir`, those of a torrent `downloadDir`, and some the other way round.
 */
export type Style = 'old' | 'new';

const OLD_SESSION_NAMES: Readonly<Record<string, string>> = {
  seed_ratio_limit: 'seedRatioLimit',
  seed_ratio_limited: 'seedRatioLimited',
  cache_size_mib: 'cache-size-mb',
};
const NEW_NAMES: Readonly<Record<string, string>> = { 'cache-size-mb': 'cache_size_mib' };

/** `downloadDir`, `download-dir` and `download_dir` are all `download_dir`. */
export function newName(name: string): string {
  return (
    NEW_NAMES[name] ??
    name
      .replaceAll('-', '_')
      .replaceAll(/([a-z0-9])([A-Z]+)/g, '$1_$2')
      .toLowerCase()
  );
}

export function camelName(name: string): string {
  return name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** How an argument of the session was called before 4.1. */
export function oldSessionName(name: string): string {
  return OLD_SESSION_NAMES[name] ?? name.replaceAll('_', '-');
}

/** A record with its names, but not those inside of its values, changed. */
export function renamed(
  record: Readonly<Record<string, unknown>>,
  nameOf: (name: string) => string,
): Record<string, unknown> {
  const result: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const [name, value] of Object.entries(record)) result[nameOf(name)] = value;
  return result;
}
