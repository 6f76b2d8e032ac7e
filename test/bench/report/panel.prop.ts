/**
 * Aim: charts show what the numbers say: a longer bar is a larger value, all stays inside the picture, and names that
 * hold markup stay text.
 */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Bar, layoutPanel, type Panel, type PanelStyle } from '../../../bench/report/panel.ts';
import { panelSvg } from '../../../bench/report/panel-svg.ts';
import { linearScale, logScale } from '../../../bench/report/scale.ts';

const panels = suite('panels');
const STYLE: PanelStyle = { width: 600, barHeight: 14, rowHeight: 20, labelWidth: 120 };

const bar = fc.record({
  label: fc.string({ maxLength: 20 }),
  kind: fc.constantFrom('own' as const, 'other' as const, 'ceiling' as const),
  value: fc.double({ min: 0, max: 5000, noNaN: true }),
  marks: fc.array(fc.double({ min: 0, max: 5000, noNaN: true }), { maxLength: 5 }),
});

function panelOf(bars: readonly Pick<Bar, 'label' | 'kind' | 'value' | 'marks'>[]): Panel {
  const all = bars.flatMap(({ value, marks }) => [value, ...marks]);
  return {
    ...{ title: 'a <title>', unit: 'MB/s', tickText: String, scale: linearScale(Math.max(...all)) },
    bars: bars.map((each) => ({ ...each, valueText: each.value.toFixed(0), cells: [] })),
    columns: [{ title: 'CPU', width: 60 }],
    line: { value: 100, text: 'machine' },
  };
}

panels('a longer bar is a larger value, and every bar lies inside its plot and its row', () => {
  fc.assert(
    fc.property(fc.array(bar, { minLength: 1, maxLength: 12 }), (bars) => {
      const { plot, bars: placed, height, lineX } = layoutPanel(panelOf(bars), STYLE);
      for (const [index, { box, marks }] of placed.entries()) {
        for (const x of [box.x + box.width, ...marks, lineX!]) {
          assert.ok(x >= plot.x - 1e-6 && x <= plot.x + plot.width + 1e-6);
        }
        assert.ok(box.y >= plot.y + index * STYLE.rowHeight && box.y + box.height <= height);
        for (const [other, { box: otherBox }] of placed.entries()) {
          if (bars[index]!.value < bars[other]!.value) assert.ok(box.width <= otherBox.width + 1e-9);
        }
      }
    }),
  );
});

panels('a program without a result has a row and no bar', () => {
  const { bars } = layoutPanel(panelOf([{ label: 'a', kind: 'other', value: Number.NaN, marks: [] }]), STYLE);
  assert.is(bars[0]?.box.width, 0);
});

panels('whatever the names hold, tags match and no markup gets in', () => {
  fc.assert(
    fc.property(fc.array(bar, { minLength: 1, maxLength: 5 }), (bars) => {
      const hostile = [{ ...bars[0]!, label: '<script>&"\'\u0000' }, ...bars];
      const svg = panelSvg(panelOf(hostile), STYLE);
      assert.not.match(svg, /<script|NaN|undefined/);
      assert.match(svg, /&lt;script&gt;&amp;&quot;&#39;</);
      assert.ok(balanced(svg));
    }),
  );
});

panels('axes start at zero or a power of ten, and their ticks ascend', () => {
  fc.assert(
    fc.property(fc.double({ min: 1e-3, max: 1e9, noNaN: true }), (max) => {
      for (const scale of [linearScale(max), logScale(max / 50, max)]) {
        assert.ok(scale.ticks.length >= 2, String(scale.ticks));
        assert.ok(scale.ticks.every((tick, index) => index === 0 || tick > scale.ticks[index - 1]!));
        assert.ok(scale.at(max) <= 1 && scale.at(max) > scale.at(max / 2));
      }
      assert.is(linearScale(max).at(0), 0);
    }),
  );
  assert.equal(linearScale(2300).ticks, [0, 1000, 2000]);
  assert.is(linearScale(0).at(0), 0);
});

function balanced(svg: string): boolean {
  const open: string[] = [];
  for (const [, closing, name, selfClosing] of svg.matchAll(/<(\/?)([a-z]+)[^>]*?(\/?)>/g)) {
    if (selfClosing === '/') continue;
    if (closing === '') open.push(name!);
    else if (open.pop() !== name) return false;
  }
  return open.length === 0;
}

panels.run();
