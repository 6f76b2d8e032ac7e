import { render } from 'preact';
import { App } from './app.ts';
import { Connection } from './connection.ts';
import { takeDrops } from './drop.ts';
import { part } from './html.ts';
import { takeKeys } from './keyboard.ts';
import { Model } from './model.ts';

const model = new Model();
render(part(App, { model }), document.querySelector('#app')!);
takeKeys(model);
takeDrops(model);
new Connection(model);
