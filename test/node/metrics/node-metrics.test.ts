/**
 * Aim: the metrics of a node are well-formed, with as many labels as there are bounds for and no more, right in their
 * sums, and made within 100 ms for 100,000 torrents; health says why; both are served as Prometheus and watchdogs ask.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { healthOf, type Vitals } from '../../../engine/node/metrics/health.ts';
import { NODE_METRICS_DEFAULTS, nodeMetricsText } from '../../../engine/node/metrics/node-metrics.ts';
import { MONITOR_DEFAULTS, NodeMonitor } from '../../../engine/node/metrics/node-monitor.ts';
import { sumByTracker } from '../../../engine/node/metrics/tracker-sums.ts';
import { REMOTE_DEFAULTS } from '../../../engine/node/remote/options.ts';
import { RemoteServer } from '../../../engine/node/remote/server.ts';
import { FakeControl } from '../control/fake-control.ts';
import { fakeRow } from '../control/fake-rows.ts';
import { dashboardExpressions, metricNames, parseMetrics } from './support/prometheus.ts';

const metrics = suite('metrics of a node');
const OPTIONS = { ...NODE_METRICS_DEFAULTS, version: '1' };
const textOf = (control: FakeControl, options = OPTIONS): string =>
  nodeMetricsText(options, { control, nowMs: Date.now(), freeBytes: 5 });

metrics('every line is well-formed, every family has its help and type once', () => {
  const control = new FakeControl(3);
  control.statsChange = { closeReasons: { 'odd "one"\\\n': 2 }, problems: ['a'] };
  const parsed = parseMetrics(textOf(control));
  assert.is(parsed.get('allium_node_torrents{state="seeding"}'), 3);
  assert.is(parsed.get('allium_node_problems'), 1);
  assert.is(parsed.get('allium_node_free_disk_bytes'), 5);
  assert.is(parsed.get('allium_node_tracker_uploaded_bytes{tracker="tracker.test"}'), 3 * 8 * 1024 * 1024);
});

metrics(
  'trackers: those with the most torrents by name, the rest as one; nothing is lost in the sums',
  () => {
    const rows = Array.from({ length: 300 }, (_, id) =>
      fakeRow(id + 1, { trackerHost: id < 100 ? 'big' : id < 150 ? '' : `t${id}`, upBytesPerSec: 1 }),
    );
    const sums = sumByTracker(rows, 10);
    assert.equal(
      sums.map(([host]) => host),
      ['big', 'none', ...Array.from({ length: 8 }, (_, index) => `t${150 + index}`), 'other'],
    );
    assert.is(
      sums.reduce((sum, [, { torrents }]) => sum + torrents, 0),
      300,
    );
    assert.equal([sums[0]?.[1].active, sums.at(-1)?.[1].upBytesPerSec], [100, 142]);
  },
);

metrics('as many labels as the bounds say, whatever strangers name their trackers', () => {
  const control = new FakeControl(0);
  for (let id = 1; id <= 500; id++) control.put(fakeRow(id, { trackerHost: `host${id}.test` }));
  const reasons = Array.from({ length: 99 }, (_, index) => [`reason ${index}`, 1] as const);
  control.statsChange = { closeReasons: Object.fromEntries(reasons) };
  const lines = textOf(control).split('\n');
  const { trackerHostsMax, reasonsMax } = OPTIONS;
  const count = (name: string): number =>
    lines.filter((line) => line.startsWith(`allium_node_${name}{`)).length;
  assert.is(count('tracker_torrents'), trackerHostsMax + 1);
  assert.is(count('connections_closed_total'), reasonsMax + 1);
  assert.ok(lines.includes('allium_node_connections_closed_total{reason="other"} 67'));
});

metrics('100,000 torrents of 2,000 trackers within 100 ms', () => {
  const control = new FakeControl(0);
  const row = fakeRow(1);
  const rows = new Map<string, typeof row>();
  for (let id = 0; id < 100_000; id++) rows.set(String(id), { ...row, trackerHost: `t${id % 2_000}` });
  const stats = control.stats();
  const light = Object.assign(Object.create(control), { rows, stats: () => stats }) as FakeControl;
  const times = Array.from({ length: 15 }, () => {
    const startedMs = performance.now();
    textOf(light);
    return performance.now() - startedMs;
  });
  const best = Math.min(...times);
  process.stdout.write(`metrics ${best.toFixed(1)} ms\n`);
  assert.ok(best < 100, `${best.toFixed(1)} ms`);
});

const vitals = (some: Partial<Vitals> = {}): Vitals => ({
  stats: new FakeControl(1).stats(),
  options: { freeSpaceMin: 100 },
  shouldListen: true,
  freeBytes: 1_000,
  lagMs: 0,
  ...some,
});

metrics('health: well, and each way to be unwell; what it works in spite of is a warning only', () => {
  assert.equal(healthOf(vitals()), { isHealthy: true, reasons: [], warnings: [] });
  const stats = vitals().stats;
  const deaf = { ...stats, listening: '' };
  assert.equal(healthOf(vitals({ stats: deaf })).reasons, ['it does not listen for peers']);
  assert.is(healthOf(vitals({ stats: deaf, shouldListen: false })).isHealthy, true);
  assert.match(healthOf(vitals({ freeBytes: 99 })).reasons.join(), 'too little space');
  assert.match(healthOf(vitals({ freeBytes: -1 })).reasons.join(), 'cannot be read');
  assert.match(healthOf(vitals({ lagMs: 9_000 })).reasons.join(), '9 s late');
  const ill = healthOf(vitals({ stats: { ...stats, states: { offline: 2, error: 1 }, problems: ['x'] } }));
  assert.equal(
    [ill.isHealthy, ill.warnings],
    [true, ['2 torrents are offline', '1 torrents have an error', '1 problems to look into']],
  );
});

metrics('served: text for Prometheus; 200 or 503 with reasons', async () => {
  const control = new FakeControl(2);
  const monitor = new NodeMonitor(
    { ...MONITOR_DEFAULTS, version: '1', shouldListen: true },
    { control, now: () => Date.now() },
  );
  const server = await RemoteServer.start(
    { ...REMOTE_DEFAULTS, host: '127.0.0.1', port: 0 },
    {
      mounts: monitor.mounts,
      credential: undefined,
      now: () => performance.now(),
      onFault: (error) => assert.unreachable(String(error)),
    },
  );
  const page = await fetch(new URL('metrics', server.url));
  assert.is(page.headers.get('Content-Type'), 'text/plain; version=0.0.4; charset=utf-8');
  parseMetrics(await page.text());
  const well = await fetch(new URL('healthz', server.url));
  assert.equal([well.status, ((await well.json()) as { status: string }).status], [200, 'ok']);
  control.statsChange = { listening: '' };
  const ill = await fetch(new URL('healthz', server.url));
  assert.equal(
    [ill.status, await ill.json()],
    [503, { status: 'failing', reasons: ['it does not listen for peers'], warnings: [] }],
  );
  monitor.close();
  await server.close();
});

metrics('the dashboard asks only for metrics that there are, with labels that they have', () => {
  const control = new FakeControl(2);
  control.statsChange = { closeReasons: { why: 1 } };
  const known = metricNames(textOf(control));
  const expressions = dashboardExpressions('scripts/deploy/grafana-dashboard.json');
  assert.ok(expressions.length > 12, 'the queries were found');
  const used = new Set<string>();
  for (const expression of expressions) {
    for (const [name] of expression.matchAll(/allium_node_\w+/g)) {
      assert.ok(known.has(name), `${name} in ${expression}`);
      used.add(name);
    }
    const labels = [...expression.matchAll(/by \((\w+)\)|[{,](\w+)=/g)].map(
      (match) => match[1] ?? match[2] ?? '',
    );
    const names = [...expression.matchAll(/allium_node_\w+/g)].map(([name]) => name);
    for (const label of labels.filter((some) => some !== 'job')) {
      assert.ok(
        names.some((name) => known.get(name)?.has(label)),
        `${label} in ${expression}`,
      );
    }
  }
  assert.ok(used.size > 12, [...used].join(' '));
});

metrics.run();
