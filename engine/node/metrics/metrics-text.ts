/** One value of a metric with its labels. */
export type Sample = readonly [labels: Readonly<Record<string, string>>, value: number];

/** For a metric without labels. */
export const NO_LABELS: Sample[0] = {};

/** Writes metrics in the text format of Prometheus 0.0.4; their names begin with a prefix. */
export interface MetricsWriter {
  counter(name: string, help: string, samples: readonly Sample[]): string;
  gauge(name: string, help: string, samples: readonly Sample[]): string;
}

/** `prefix`: `allium_relay_`, say. */
export function metricsWriter(prefix: string): MetricsWriter {
  return {
    counter: (name, help, samples) => family('counter', `${prefix}${name}`, help, samples),
    gauge: (name, help, samples) => family('gauge', `${prefix}${name}`, help, samples),
  };
}

function family(type: string, name: string, help: string, samples: readonly Sample[]): string {
  const lines = samples.map(([labels, value]) => {
    const text = Object.entries(labels)
      .map(([label, word]) => `${label}="${word.replaceAll(/["\\\n]/g, '_')}"`)
      .join(',');
    return `${name}${text === '' ? '' : `{${text}}`} ${value}\n`;
  });
  return [`# HELP ${name} ${help}\n`, `# TYPE ${name} ${type}\n`, ...lines].join('');
}
