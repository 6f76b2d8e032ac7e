/**
 * A bencoded value (BEP 3). Byte strings are views into the decoded bytes. An integer is a `number` when that is
 * exact, else a `bigint` (64 bits signed, no more).
 */
export type BencodeValue = Uint8Array | number | bigint | BencodeList | BencodeDict;

/** A list, in the order found. */
export type BencodeList = readonly BencodeValue[];

/**
 * A dictionary, in the order found. Keys are byte strings and need not be text: here each byte is one character
 * (U+0000 … U+00FF), so that comparing keys as strings is comparing their bytes. ASCII keys read as they are.
 */
export type BencodeDict = ReadonlyMap<string, BencodeValue>;
