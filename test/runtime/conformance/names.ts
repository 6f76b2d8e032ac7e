import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import { codeOf } from './errors.ts';
import type { MakeWorld } from './world.ts';

/** Names: what every world must do. None of these is asked of a name server. */
export function nameConformance(test: Test, makeWorld: MakeWorld): void {
  test('an address is its own name, localhost is this host, and nonsense is nobody', async () => {
    const world = await makeWorld();
    const { network } = world.left;
    assert.equal(await world.wait(network.lookup('192.0.2.7')), ['192.0.2.7']);
    assert.equal(await world.wait(network.lookup('2001:db8::1')), ['2001:db8::1']);
    assert.ok((await world.wait(network.lookup('localhost'))).length >= 1);
    assert.is(await codeOf(world.wait(network.lookup('an..empty.label'))), 'NETWORK_FAILED');
    await world.close();
  });
}
