import { Hono } from 'hono';
import type { Control } from '../control/control.ts';
import type { RemoteEnv, RemoteMount } from '../remote/mount.ts';
import { healthOf } from './health.ts';
import { NODE_METRICS_DEFAULTS, nodeMetricsText } from './node-metrics.ts';

export interface MonitorOptions {
  readonly version: string;
  /** The node is meant to take connections. */
  readonly shouldListen: boolean;
  /** How often the lag of the event loop is looked at. */
  readonly lagEveryMs: number;
}

export const MONITOR_DEFAULTS: Omit<MonitorOptions, 'version' | 'shouldListen'> = { lagEveryMs: 1_000 };

/** `/metrics` for Prometheus and `/healthz` for whoever keeps the node running. */
export class NodeMonitor {
  readonly mounts: readonly RemoteMount[];
  readonly #options: MonitorOptions;
  readonly #control: Control;
  readonly #now: () => number;
  readonly #ticker: NodeJS.Timeout;
  #tickedAtMs = performance.now();
  #lagMs = 0;

  constructor(options: MonitorOptions, modules: { readonly control: Control; readonly now: () => number }) {
    this.#options = options;
    this.#control = modules.control;
    this.#now = modules.now;
    this.#ticker = setInterval(() => this.#tick(), options.lagEveryMs).unref();
    const metrics = new Hono<RemoteEnv>().get('/', async (context) =>
      context.text(await this.#metrics(), 200, {
        'Content-Type': 'text/plain; version=0.0.4; charset=utf-8',
      }),
    );
    const health = new Hono<RemoteEnv>().get('/', async (context) => {
      const { isHealthy, reasons, warnings } = await this.#health();
      const status = isHealthy ? 'ok' : 'failing';
      return context.json({ status, reasons, warnings }, isHealthy ? 200 : 503);
    });
    this.mounts = [
      { path: '/metrics', access: 'challenge', app: metrics },
      // Says nothing of what the node holds, and a watchdog has no password.
      { path: '/healthz', access: 'open', app: health },
    ];
  }

  close(): void {
    clearInterval(this.#ticker);
  }

  #tick(): void {
    const nowMs = performance.now();
    this.#lagMs = Math.max(0, nowMs - this.#tickedAtMs - this.#options.lagEveryMs);
    this.#tickedAtMs = nowMs;
  }

  async #metrics(): Promise<string> {
    const options = { ...NODE_METRICS_DEFAULTS, version: this.#options.version };
    const freeBytes = await this.#freeBytes();
    return nodeMetricsText(options, { control: this.#control, nowMs: this.#now(), freeBytes });
  }

  async #health() {
    const control = this.#control;
    const [stats, freeBytes] = [control.stats(), await this.#freeBytes()];
    const { shouldListen } = this.#options;
    return healthOf({ stats, options: control.options, shouldListen, freeBytes, lagMs: this.#lagMs });
  }

  async #freeBytes(): Promise<number> {
    try {
      return (await this.#control.freeSpace(this.#control.options.downloadRoot)).freeBytes;
    } catch {
      return -1;
    }
  }
}
