/** Aim: announces and scrapes over HTTP are read as clients write them, and what is none is said to be none. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { announceUrl, percentEncode } from '../../../engine/discovery/tracker/announce-url.ts';
import { scrapeUrl } from '../../../engine/discovery/tracker/scrape.ts';
import {
  HTTP_SCRAPE_HASHES_MAX,
  type HttpAnnounce,
  type HttpScrape,
  REQUEST_PATH_MAX,
  readTrackerRequest,
} from '../../../engine/discovery/tracker-server/http-request.ts';
import { seededRandom } from '../../bittorrent/support/seeded-random.ts';

const test = suite('requests over HTTP');
const random = seededRandom(1);

test('what our own client writes is read back, whatever the bytes of the info-hash', () => {
  for (let i = 0; i < 200; i++) {
    const request = {
      ...{ infoHash: random.bytes(20), peerId: random.bytes(20), port: random.below(65_536) },
      ...{ uploaded: random.below(2 ** 32), downloaded: 2 ** 40, left: i % 2, key: 5, peersWanted: i },
      event: ([undefined, 'started', 'completed', 'stopped'] as const)[i % 4],
    };
    const url = announceUrl('http://t.test/announce', request);
    const read = readTrackerRequest(url.slice('http://t.test'.length)) as HttpAnnounce;
    const { infoHash, port, uploaded, downloaded, left, event } = request;
    assert.equal(read, {
      ...{ kind: 'announce', infoHash, port, uploaded, downloaded, left, event },
      ...{ wanted: request.peersWanted, isCompact: true },
    });
  }
});

test('a passkey may stand in front, and other spellings of the same bytes are the same', () => {
  const read = readTrackerRequest(`/key_1/announce?port=1&info_hash=%61%62${'x'.repeat(18)}&compact=0`);
  assert.is(read.kind, 'announce');
  assert.is(Buffer.from((read as HttpAnnounce).infoHash).toString(), `ab${'x'.repeat(18)}`);
  assert.not.ok((read as HttpAnnounce).isCompact);
});

test('what is no question is answered by somebody else, what is a wrong one is refused with a reason', () => {
  for (const path of ['/', '/announcer', '/a/b/announce', `/announce?${'x'.repeat(REQUEST_PATH_MAX)}`])
    assert.is(readTrackerRequest(path).kind, 'other', path.slice(0, 20));
  const hash = 'x'.repeat(20);
  for (const [path, reason] of [
    ['/announce', /info_hash/],
    ['/announce?info_hash=x&port=1', /info_hash/],
    [`/announce?info_hash=${hash}%1`, /info_hash/],
    [`/announce?info_hash=${hash}`, /port/],
    [`/announce?info_hash=${hash}&port=65536`, /port/],
    ['/scrape', /missing/],
  ] as const) {
    const read = readTrackerRequest(path);
    assert.ok(read.kind === 'refused' && reason.test(read.reason), path);
  }
});

test('a scrape takes several info-hashes, up to its bound', () => {
  const hashes = Array.from({ length: HTTP_SCRAPE_HASHES_MAX + 1 }, () => random.bytes(20));
  const query = (list: readonly Uint8Array[]): string =>
    list.map((hash) => `info_hash=${percentEncode(hash)}`).join('&');
  const read = readTrackerRequest(`/scrape?${query(hashes.slice(0, 3))}`) as HttpScrape;
  assert.equal(read.infoHashes, hashes.slice(0, 3));
  const most = readTrackerRequest(`/scrape?${query(hashes).slice(0, 8000)}`);
  assert.ok(most.kind === 'refused' || (most as HttpScrape).infoHashes.length <= HTTP_SCRAPE_HASHES_MAX);
  const short = Array.from({ length: HTTP_SCRAPE_HASHES_MAX + 1 }, () => new Uint8Array(20).fill(0x61));
  assert.is(
    (readTrackerRequest(`/scrape?${query(short)}`) as HttpScrape).infoHashes.length,
    HTTP_SCRAPE_HASHES_MAX,
  );
});

test('BEP 48: the address to scrape', () => {
  assert.is(scrapeUrl('http://t/announce'), 'http://t/scrape');
  assert.is(scrapeUrl('http://t/x/announce.php?a=b'), 'http://t/x/scrape.php?a=b');
  assert.is(scrapeUrl('http://t/a'), undefined);
  assert.is(scrapeUrl('http://t/announce?x2%0644'), 'http://t/scrape?x2%0644');
  assert.is(scrapeUrl('http://t/announce?x=2/4'), 'http://t/scrape?x=2/4');
  assert.is(scrapeUrl('http://t/x%064announce'), undefined);
});

test('who does not say how much is left, or more than fits, is no seeder', () => {
  const base = `/announce?info_hash=${'x'.repeat(20)}&port=1`;
  // 2^63 - 1: what Transmission says of a magnet link; -1 and 2^64 - 1 are seen as well.
  for (const left of ['&left=9223372036854775807', '&left=18446744073709551615', '&left=-1', '&left=', '']) {
    const read = readTrackerRequest(base + left) as HttpAnnounce;
    assert.ok(read.left > 0, left);
  }
  assert.is((readTrackerRequest(`${base}&left=0`) as HttpAnnounce).left, 0);
});

test.run();
