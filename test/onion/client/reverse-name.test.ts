/** Aim: the names of an address are asked for by the name that RFC 1035 and RFC 3596 give it, as relays read it. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { reverseName } from '../../../engine/onion/client/reverse-name.ts';
import { lookupKind } from '../../../engine/onion/relay/edge/lookup.ts';

const reverse = suite('reverse names');

reverse('addresses of both kinds, and what is none', () => {
  assert.is(reverseName('10.2.0.193'), '193.0.2.10.in-addr.arpa');
  assert.is(
    reverseName('4321:0:1:2:3:4:567:89ab'),
    'b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa',
  );
  assert.is(reverseName('a.example'), undefined);
});

reverse('a relay reads it back', () => {
  for (const address of ['10.2.0.193', '255.255.255.255', '::', '2001:db8::ff']) {
    assert.equal(lookupKind(reverseName(address) ?? ''), { kind: 'reverse', address });
  }
});

reverse.run();
