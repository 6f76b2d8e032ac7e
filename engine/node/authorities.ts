import { readFileSync } from 'node:fs';
import type { AlliumError } from '../codec/error.ts';
import type { DirectoryAuthority } from '../onion/directory/authority-types.ts';
import { parseDirAuthorities } from '../onion/directory/dir-authority.ts';
import { fileError } from '../runtime/real/file-error.ts';

/** How a client and a relay complain about authorities, each in the words of its own configuration. */
export interface AuthorityComplaints {
  /** What stands in `source` under `key` cannot be read, for `reason`. */
  readonly wrong: (source: string, key: string, reason: string) => AlliumError;
  /** Nobody that is named in `source` votes. */
  readonly none: (source: string) => AlliumError;
}

/**
 * The directory authorities that a configuration names: DirAuthority lines, or the path of a file that holds them. One
 * at least has a v3ident. `where` is the configuration, for messages. Throws what `complaints` make, or the file
 * system's errors.
 */
export function readAuthorities(
  authorities: string | readonly string[],
  where: string,
  complaints: AuthorityComplaints,
): readonly DirectoryAuthority[] {
  const source = typeof authorities === 'string' ? authorities : where;
  let text: string;
  try {
    text = typeof authorities === 'string' ? readFileSync(authorities, 'utf8') : authorities.join('\n');
  } catch (error) {
    throw fileError(error, 'read the authorities in', source);
  }
  const parsed = parseDirAuthorities(text);
  if (!parsed.ok) throw complaints.wrong(source, 'authorities', parsed.reason);
  if (parsed.value.some(({ v3ident }) => v3ident !== undefined)) return parsed.value;
  throw complaints.none(source);
}
