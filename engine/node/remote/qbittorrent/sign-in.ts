import { type Context, Hono } from 'hono';
import { deleteCookie, setCookie } from 'hono/cookie';
import { PASSWORD_BYTES_MAX } from '../guard/password.ts';
import { type RemoteEnv, SESSION_COOKIE } from '../mount.ts';
import { Params } from './params.ts';

/** Nobody has signed in yet: no more is read than user and password can have, each letter written as three. */
export const SIGN_IN_BYTES_MAX = 3 * PASSWORD_BYTES_MAX + 1_024;

/** `auth/login` and `auth/logout`: a cookie for user and password. */
export function signInApp(): Hono<RemoteEnv> {
  const app = new Hono<RemoteEnv>();
  app.post('/login', login);
  app.post('/logout', (c) => {
    const { access, token } = c.get('remote');
    access.closeSession(token);
    deleteCookie(c, SESSION_COOKIE, { path: '/' });
    return c.text('');
  });
  app.all('*', (c) => c.text('Sign in with POST.', 405));
  return app;
}

async function login(c: Context<RemoteEnv>): Promise<Response> {
  const { access, address, readBody } = c.get('remote');
  const length = c.req.header('Content-Length');
  if (length === undefined) return c.text('The length is missing.', 411);
  if (!(Number(length) <= SIGN_IN_BYTES_MAX)) return c.text('This is too long.', 413);
  return readBody(async (body) => {
    if ('status' in body) return c.text('The request could not be read.', body.status);
    const params = Params.read('', c.req.header('Content-Type') ?? '', Buffer.from(body.bytes));
    if (params === undefined) return c.text('This is no form.', 400);
    const signIn = await access.signIn(address, params.text('username') ?? '', params.text('password') ?? '');
    if (signIn.outcome === 'wait') {
      c.header('Retry-After', String(Math.ceil(signIn.waitMs / 1000)));
      return c.text('Too many wrong passwords: wait, then try again.', 403);
    }
    if (signIn.outcome === 'wrong') return c.text('Fails.');
    setCookie(c, SESSION_COOKIE, access.openSession(), { path: '/', httpOnly: true, sameSite: 'Strict' });
    return c.text('Ok.');
  });
}
