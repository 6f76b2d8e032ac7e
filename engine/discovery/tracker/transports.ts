import { AlliumError } from '../../codec/error.ts';
import type { Network, Runtime } from '../../runtime/port.ts';
import { ANNOUNCE_PACER_DEFAULTS, AnnouncePacer } from './announce-pacer.ts';
import { withDnsPreferences } from './dns-preferences.ts';
import { httpAnnounce } from './http-announce.ts';
import { httpScrape } from './http-scrape.ts';
import type { ScrapeTransport } from './scrape.ts';
import type { AnnounceTransport } from './types.ts';
import { UdpExchange } from './udp-exchange.ts';
import { udpAnnounce, udpScrape } from './udp-tracker.ts';

/** All ways to trackers, for all torrents of a node. */
export interface TrackerTransports {
  /** By URL scheme without colon: `http`, `https`, `udp`. */
  readonly announce: Readonly<Record<string, AnnounceTransport>>;
  readonly scrape: Readonly<Record<string, ScrapeTransport>>;
  /** Announces that wait for their turn. */
  readonly waitingCount: number;
  /** Gives up what is under way. */
  close(): void;
}

/** Announces are paced, and go where the tracker's host wants them (BEP 34). */
export function createTrackerTransports({ network: outer, clock, random }: Runtime): TrackerTransports {
  const asking = new AbortController();
  const network = abortable(outer, asking.signal);
  const exchange = new UdpExchange({ network, clock, random });
  const pacer = new AnnouncePacer(ANNOUNCE_PACER_DEFAULTS, { clock });
  const http = httpAnnounce(network);
  const transports = { http, https: http, udp: udpAnnounce({ network, exchange }) };
  const announce = pacer.paced(
    withDnsPreferences({
      network,
      clock,
      transports,
      refuse: (host) =>
        new AlliumError('TRACKER_FAILED', `the host ${host} says that it has no tracker`, {
          advice: 'Its owner says so in DNS (BEP 34): take this tracker out of the torrent.',
          details: { host },
        }),
    }),
  );
  const scrape = httpScrape(network);
  return {
    announce: { http: announce, https: announce, udp: announce },
    scrape: { http: scrape, https: scrape, udp: udpScrape({ network, exchange }) },
    get waitingCount() {
      return pacer.waitingCount;
    },
    close() {
      asking.abort();
      exchange.close();
    },
  };
}

/** `network`, whose HTTP exchanges end with the signal. */
function abortable(network: Network, signal: AbortSignal): Network {
  const http: Network['http'] = (request) => network.http({ ...request, signal });
  return new Proxy(network, {
    get(target, key) {
      if (key === 'http') return http;
      const value: unknown = Reflect.get(target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
