import { detached, isNickname } from './text.ts';

/** Members of one family and families of one relay; the rest is left out. */
export const FAMILY_MEMBERS_MAX = 1000;

/**
 * The canonical form of a `family` line: `$` and the fingerprint in upper case (what follows `=` or `~` is dropped), or
 * a nickname in lower case; sorted, each once. Members that are neither are left out. dir-spec, `family`.
 */
export function readFamily(words: readonly string[]): readonly string[] {
  const members = new Set<string>();
  for (const word of words) {
    if (members.size >= FAMILY_MEMBERS_MAX) break;
    const member = readMember(word);
    if (member !== undefined) members.add(member);
  }
  return [...members].sort();
}

function readMember(word: string): string | undefined {
  const named = /^\$([0-9a-fA-F]{40})(?:[=~][0-9A-Za-z]{1,19})?$/.exec(word);
  if (named !== null) return `$${named[1]!.toUpperCase()}`;
  return isNickname(word) ? detached(word).toLowerCase() : undefined;
}

/** Families proven by a key, as in `family-ids`: sorted, each once. */
export function readFamilyIds(words: readonly string[]): readonly string[] {
  const ids = new Set<string>();
  for (const word of words) {
    if (ids.size >= FAMILY_MEMBERS_MAX) break;
    if (word.length <= 200) ids.add(detached(word));
  }
  return [...ids].sort();
}

/** What is needed to tell whether two relays are of one family. */
export interface FamilyMember {
  /** 40 upper-case hex digits. */
  readonly fingerprint: string;
  readonly nickname: string;
  readonly family: readonly string[];
  readonly familyIds: readonly string[];
}

/** Whether `one` names `other` in its `family` line. */
export function listsRelay(one: FamilyMember, other: FamilyMember): boolean {
  return one.family.includes(`$${other.fingerprint}`) || one.family.includes(other.nickname.toLowerCase());
}

/** Whether both are of one family: each lists the other, or both have proven the same one. dir-spec, path-spec. */
export function areFamily(one: FamilyMember, other: FamilyMember): boolean {
  if (one.family.length > 0 && other.family.length > 0 && listsRelay(one, other) && listsRelay(other, one))
    return true;
  return one.familyIds.some((id) => other.familyIds.includes(id));
}
