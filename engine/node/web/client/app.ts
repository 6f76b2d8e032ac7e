import type { VNode } from 'preact';
import { formatRate } from '../../../codec/units.ts';
import { useCell } from './cell.ts';
import { DetailPanel } from './details/panel.ts';
import { DialogHost } from './dialogs/host.ts';
import { Header } from './header.ts';
import { el, part } from './html.ts';
import { Grid } from './list/grid.ts';
import { Toolbar } from './list/toolbar.ts';
import type { Model } from './model.ts';
import { EnginePanel } from './panels/engine.ts';
import { OptionsPanel } from './panels/options.ts';
import { Sidebar } from './sidebar.ts';
import { StatusBar } from './status-bar.ts';
import { Toasts } from './toasts.ts';

/** The page. */
export function App({ model }: { readonly model: Model }): VNode {
  const panel = useCell(model.panel);
  const open = useCell(model.open);
  return el(
    'div',
    { class: 'page' },
    part(Title, { model }),
    part(Header, { model }),
    el(
      'div',
      { class: 'middle' },
      part(Sidebar, { model }),
      el(
        'main',
        { class: 'main', 'aria-label': 'Torrents' },
        part(Toolbar, { model }),
        part(Grid, { model }),
        open === '' ? null : part(DetailPanel, { model, infoHash: open, key: open }),
      ),
      panel === 'engine' ? part(EnginePanel, { model }) : null,
      panel === 'options' ? part(OptionsPanel, { model }) : null,
    ),
    part(StatusBar, { model }),
    part(Toasts, { model }),
    part(DialogHost, { model }),
  );
}

/** Rates in the title, for a page in another tab. */
function Title({ model }: { readonly model: Model }): null {
  const event = useCell(model.stats);
  const link = useCell(model.link);
  const { downBytesPerSec, upBytesPerSec } = event?.stats ?? { downBytesPerSec: 0, upBytesPerSec: 0 };
  const title = `↓ ${formatRate(downBytesPerSec)} ↑ ${formatRate(upBytesPerSec)} · Allium`;
  document.title = link === 'lost' || link === 'refused' ? 'Allium: no answer' : title;
  return null;
}
