/** Aim: members of a private tracker are made, invited and removed as told, also by several at once; no passkey is stored. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { AlliumError } from '../../../engine/codec/error.ts';
import { passkeyHash } from '../../../engine/discovery/tracker-server/private-gate.ts';
import { INVITATIONS_PER_USER_MAX, MembershipStore } from '../../../engine/node/tracker/membership-store.ts';

const test = suite('members of a tracker');
const folders: string[] = [];

function open(folder?: string): { store: MembershipStore; folder: string } {
  const where = folder ?? mkdtempSync(join(tmpdir(), 'allium-members-'));
  if (folder === undefined) folders.push(where);
  return { store: new MembershipStore(join(where, 'members')), folder: where };
}

test.after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'none',
    (error: unknown) => (error instanceof AlliumError ? error.code : String(error)),
  );

test('a member is known by the passkey until it is removed', async () => {
  const { store } = open();
  const passkey = await store.addUser('alice');
  assert.match(passkey, /^[0-9a-f]{32}$/);
  assert.is(store.userOf(passkeyHash(passkey)), 'alice');
  assert.is(await codeOf(store.addUser('alice')), 'BAD_USAGE');
  assert.is(await codeOf(store.addUser('no spaces\n')), 'BAD_USAGE');
  await store.removeUser('alice');
  assert.is(store.userOf(passkeyHash(passkey)), undefined);
  assert.is(await codeOf(store.removeUser('alice')), 'NOT_FOUND');
  await store.close();
});

test('an invitation makes one member, whoever is quicker', async () => {
  const { store } = open();
  await store.addUser('alice');
  const code = await store.invite('alice');
  const results = await Promise.all(['bob', 'carol'].map((name) => codeOf(store.join(code, name))));
  assert.equal(results.sort(), ['BAD_USAGE', 'none']);
  assert.is(store.users().length, 2);
  assert.is(store.users().find(({ name }) => name !== 'alice')?.invitedBy, 'alice');
  assert.is(await codeOf(store.join('0'.repeat(32), 'dave')), 'BAD_USAGE');
  assert.is(await codeOf(store.invite('nobody')), 'NOT_FOUND');
  await store.close();
});

test('open invitations of one member are bounded', async () => {
  const { store } = open();
  await store.addUser('alice');
  for (let i = 0; i < INVITATIONS_PER_USER_MAX; i++) await store.invite('alice');
  assert.is(await codeOf(store.invite('alice')), 'BAD_USAGE');
  await store.close();
});

/** A store looks at what was there when this turn of the event loop began. */
async function seen(isThere: () => boolean): Promise<void> {
  for (let left = 100; !isThere(); left--) {
    assert.ok(left > 0, 'not seen within a second');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test('what another process changes is seen, and everything is there again afterwards', async () => {
  const { store, folder } = open();
  const hash = 'ab'.repeat(20);
  const { store: other } = open(folder);
  await other.allow(hash, 'name');
  await seen(() => store.allows(hash));
  await other.forbid(hash);
  await seen(() => !store.allows(hash));
  assert.is(await codeOf(other.forbid(hash)), 'NOT_FOUND');
  const passkey = await other.addUser('alice');
  await store.saveAccounts(new Map([['alice', { uploaded: 1, downloaded: 2, unconfirmed: 3, flags: 4 }]]));
  await store.close();
  await other.close();
  const { store: again } = open(folder);
  assert.equal(again.accounts().get('alice'), { uploaded: 1, downloaded: 2, unconfirmed: 3, flags: 4 });
  assert.is(again.userOf(passkeyHash(passkey)), 'alice');
  await again.close();
  for (const file of readdirSync(join(folder, 'members'), { recursive: true, withFileTypes: true })) {
    if (!file.isFile()) continue;
    assert.not.ok(
      readFileSync(join(file.parentPath, file.name)).includes(passkey),
      `${file.name} holds the passkey`,
    );
  }
});

test.run();
