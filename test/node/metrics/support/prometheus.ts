import * as assert from 'uvu/assert';
import { readProjectFile } from '../../../house/support/tree.ts';

const SAMPLE = /^([a-z_]+)(\{(?:[a-z]+="[^"\\\n]*",?)+\})? (-?[\d.e+]+)$/;

/** Values by name with labels. Fails where the text breaks the format of Prometheus. */
export function parseMetrics(text: string): ReadonlyMap<string, number> {
  const samples = new Map<string, number>();
  const types = new Set<string>();
  assert.ok(text.endsWith('\n'));
  for (const line of text.trimEnd().split('\n')) {
    const comment = /^# (HELP|TYPE) (\w+) (.+)$/.exec(line);
    if (comment !== null) {
      const key = `${comment[1]} ${comment[2]}`;
      assert.not.ok(types.has(key), `${key} once`);
      types.add(key);
      if (comment[1] === 'TYPE') assert.is(comment[3] === 'counter', comment[2]?.endsWith('_total'), line);
      continue;
    }
    const [, name = '', labels = '', value = ''] = SAMPLE.exec(line) ?? [];
    assert.ok(types.has(`TYPE ${name}`) && types.has(`HELP ${name}`), `“${line}” has its family`);
    assert.not.ok(samples.has(name + labels), `${line} once`);
    samples.set(name + labels, Number(value));
  }
  return samples;
}

/** The metrics of a text, each with the names of its labels. */
export function metricNames(text: string): ReadonlyMap<string, ReadonlySet<string>> {
  const names = new Map<string, Set<string>>();
  for (const key of parseMetrics(text).keys()) {
    const name = key.replace(/\{.*/, '');
    const labels = [...key.matchAll(/[{,](\w+)=/g)].map((match) => match[1] ?? '');
    names.set(name, new Set([...(names.get(name) ?? []), ...labels]));
  }
  return names;
}

/** The queries of a dashboard, those of its variables too. */
export function dashboardExpressions(path: string): readonly string[] {
  const found: string[] = [];
  JSON.parse(readProjectFile(path), (key, value: unknown) => {
    if ((key === 'expr' || key === 'query') && typeof value === 'string' && value.includes('allium'))
      found.push(value);
    return value;
  });
  return found;
}
