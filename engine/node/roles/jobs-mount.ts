import { Hono } from 'hono';
import { JOBS, type Job, type Wish } from '../../society/roles/jobs.ts';
import type { RemoteEnv, RemoteMount } from '../remote/mount.ts';
import { isRecord } from '../remote/values.ts';
import type { RoleKeeper } from './role-keeper.ts';

/** Where the jobs are asked for. */
export const JOBS_PATH = '/api/jobs';
const WISHES: readonly Wish[] = ['auto', 'request', 'forbid'];

/** GET tells the jobs of the node and why; POST `{"job": …, "wish": "auto" | "request" | "forbid"}` asks for one. */
export function jobsMount(keeper: Pick<RoleKeeper, 'view' | 'wish'>): RemoteMount {
  const app = new Hono<RemoteEnv>();
  app.get('/', (c) => c.json(keeper.view()));
  app.post('/', (c) =>
    c.get('remote').readBody(async (body) => {
      if (!('bytes' in body)) return c.json({ error: 'the request could not be read' }, body.status);
      const asked = wishIn(body.bytes);
      if (asked === undefined) {
        const error = `give a job (${JOBS.join(', ')}) and a wish (${WISHES.join(', ')})`;
        return c.json({ error }, 400);
      }
      await keeper.wish(asked.job, asked.wish);
      return c.json(keeper.view());
    }),
  );
  return { path: JOBS_PATH, access: 'challenge', app };
}

function wishIn(bytes: Uint8Array): { readonly job: Job; readonly wish: Wish } | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (!isRecord(value)) return undefined;
    const job = JOBS.find((known) => known === value['job']);
    const wish = WISHES.find((known) => known === value['wish']);
    return job === undefined || wish === undefined ? undefined : { job, wish };
  } catch {
    return undefined;
  }
}
