import { Hono } from 'hono';
import type { RemoteEnv, RemoteMount } from '../remote/mount.ts';
import type { StreamDesk } from './stream-desk.ts';

/** Streaming below `/stream` of the server that everything remote shares. */
export function streamMount(desk: StreamDesk): RemoteMount {
  const app = new Hono<RemoteEnv>();
  app.all('*', (c) => desk.handle(c.req.raw, () => c.env.outgoing.destroy()));
  return { path: '/stream', access: 'challenge', app };
}
