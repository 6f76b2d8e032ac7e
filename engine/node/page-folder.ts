/**
 * Where the build puts the files of the web page. This module lies as deep in dist/ as the joined command, so that it
 * finds them from both.
 */
export const PAGE_FOLDER = new URL('../../allium/web/', import.meta.url);
