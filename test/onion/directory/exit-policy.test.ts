// Aim: exit policies mean what operators write: first match decides, private addresses are refused whatever follows, nobody is
// an exit by accident, and the summary by port is the one that authorities make.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readAddress } from '../../../engine/codec/address.ts';
import {
  buildExitPolicy,
  type ExitPolicyOptions,
  POLICY_RULES_MAX,
  parsePolicyRule,
  policyRuleText,
} from '../../../engine/onion/directory/exit-policy.ts';
import {
  isPrivateAddress,
  policyAllowsText,
  policyMayAllowPort,
  policyRejectsAll,
} from '../../../engine/onion/directory/policy-check.ts';
import { summarizePolicy } from '../../../engine/onion/directory/policy-summary.ts';
import type { ExitPolicy } from '../../../engine/onion/directory/policy-types.ts';
import {
  isRejectAll,
  parsePortSummary,
  portSummaryText,
  summaryAllows,
} from '../../../engine/onion/directory/port-summary.ts';
import { reasonOf, unwrap } from './support.ts';

const test = suite('exit policy');
const OPTIONS: ExitPolicyOptions = {
  isExit: true,
  rules: [],
  isReduced: false,
  allowPrivate: false,
  allowIpv6: true,
  ownAddresses: [],
};
const policyOf = (rules: readonly string[], more: Partial<ExitPolicyOptions> = {}): ExitPolicy =>
  unwrap(buildExitPolicy({ ...OPTIONS, rules, ...more }));
const rawPolicy = (...rules: string[]): ExitPolicy => ({
  rules: rules.flatMap((one) => unwrap(parsePolicyRule(one))),
});

test('rules in all forms, and their text', () => {
  for (const [written, meant] of [
    ['accept *:80', 'accept *:80'],
    ['REJECT *:*', 'reject *:*'],
    ['accept *4:1-1023', 'accept *4:1-1023'],
    ['accept 1.2.3.4', 'accept 1.2.3.4:*'],
    ['accept 1.2.3.4/8:0-65535', 'accept 1.0.0.0/8:*'],
    ['reject 10.1.2.3/255.255.0.0:25', 'reject 10.1.0.0/16:25'],
    ['reject [2001:DB8::5]/32:*', 'reject [2001:db8::]/32:*'],
    ['accept6 *:443', 'accept *6:443'],
    ['reject6 [::1]:*', 'reject [::1]:*'],
  ] as const) {
    assert.equal(unwrap(parsePolicyRule(written)).map(policyRuleText), [meant], written);
  }
  assert.ok(unwrap(parsePolicyRule('reject private:*')).length > 8);
});

test('rules that make no sense', () => {
  for (const bad of [
    '',
    'accept',
    'allow *:80',
    'accept *:0',
    'accept *:70000',
    'accept *:9-8',
    'accept 1.2.3:80',
    'accept 1.2.3.4/33:*',
    'accept 1.2.3.4/255.0.255.0:*',
    'accept [::1:80',
    'accept example.com:80',
    'accept6 1.2.3.4:80',
    'accept *:80 *:81',
  ]) {
    assert.ok(reasonOf(parsePolicyRule(bad)).length > 10, bad);
  }
});

test('not an exit unless asked for, and then closed at the end', () => {
  const closed = policyOf(['accept *:*'], { isExit: false });
  assert.not(policyAllowsText(closed, '93.184.216.34', 80));
  assert.not(policyMayAllowPort(closed, 80));
  const open = policyOf(['accept *:80']);
  assert.ok(policyAllowsText(open, '93.184.216.34', 80));
  assert.not(policyAllowsText(open, '93.184.216.34', 81));
  assert.ok(policyMayAllowPort(open, 80) && !policyMayAllowPort(open, 81));
});

test('private addresses and those of the relay are refused before anything else', () => {
  const policy = policyOf(['accept private:*, accept *:*'], {
    ownAddresses: ['93.184.216.34', '2001:db8::1'],
  });
  for (const host of [
    '127.0.0.1',
    '10.9.8.7',
    '192.168.1.1',
    '172.31.0.1',
    '169.254.1.1',
    '0.0.0.0',
    '::1',
    '::',
    'fe80::1',
    'fd00::1',
    'ff02::1',
    '::ffff:127.0.0.1',
    '::ffff:93.184.216.34',
    '93.184.216.34',
    '2001:db8::1',
  ]) {
    assert.not(policyAllowsText(policy, host, 80), host);
  }
  assert.ok(policyAllowsText(policy, '172.32.0.1', 80));
  assert.ok(policyAllowsText(policy, '2001:db8::2', 80));
  assert.ok(policyAllowsText(policyOf(['accept *:*'], { allowPrivate: true }), '127.0.0.1', 80));
  assert.ok(isPrivateAddress(readAddress('192.168.0.1')!) && !isPrivateAddress(readAddress('193.168.0.1')!));
  assert.not(policyAllowsText(policy, 'example.com', 80), 'a name is no address');
  assert.not(policyAllowsText(policy, '8.8.8.8', 0), 'port 0');
});

test('addresses of no use on the public network are private, however they are written', () => {
  const isPrivate = (text: string): boolean => isPrivateAddress(readAddress(text)!);
  for (const text of [
    '100.64.0.1',
    '100.127.255.255',
    '198.18.0.1',
    '198.19.255.255',
    '240.0.0.1',
    '255.255.255.255',
    '64:ff9b::10.0.0.1',
    '64:ff9b::192.168.1.1',
    '2002:0a00:0001::1',
    '2002:7f00:0001::',
    '2002:6440:0001::1',
  ]) {
    assert.ok(isPrivate(text), text);
  }
  for (const text of [
    '100.63.255.255',
    '100.128.0.0',
    '198.17.255.255',
    '198.20.0.0',
    '223.255.255.255',
    '2002:0808:0808::1',
    '2003:0a00:0001::1',
  ]) {
    assert.not(isPrivate(text), text);
  }
  const told = policyOf(['accept *:80']).rules.map(policyRuleText).join('\n');
  assert.not.match(told, /100\.64|198\.18|240\.0/, 'descriptors say what they said');
});

test('a policy that lets nothing out is known as such', () => {
  assert.ok(policyRejectsAll(policyOf(['reject *:*'])));
  assert.ok(policyRejectsAll(policyOf(['reject *:80', 'reject *:*', 'accept *:443'])));
  assert.not(policyRejectsAll(policyOf(['accept 8.8.8.8:53', 'reject *:*'])));
  assert.not(policyRejectsAll({ rules: [] }), 'what no rule says is accepted');
});

test('the first rule that fits decides; IPv6 can be left out', () => {
  const policy = policyOf(['reject 8.8.0.0/16:*', 'accept 8.8.8.8:53', 'accept *:53']);
  assert.not(policyAllowsText(policy, '8.8.8.8', 53));
  assert.ok(policyAllowsText(policy, '8.9.8.8', 53));
  assert.ok(policyAllowsText(policy, '2a00::1', 53));
  assert.not(policyAllowsText(policyOf(['accept *:53'], { allowIpv6: false }), '2a00::1', 53));
  assert.not(policyAllowsText(policyOf(['accept *4:53']), '2a00::1', 53));
});

test('the reduced policy lets the web out and mail not', () => {
  const reduced = policyOf(['reject *:8333'], { isReduced: true });
  assert.ok(policyAllowsText(reduced, '8.8.8.8', 443));
  assert.not(policyAllowsText(reduced, '8.8.8.8', 25));
  assert.not(policyAllowsText(reduced, '8.8.8.8', 8333));
  // One that was added to ReducedExitPolicy, and one that never was.
  assert.ok(policyAllowsText(reduced, '8.8.8.8', 18_081));
  assert.not(policyAllowsText(reduced, '8.8.8.8', 853));
});

test('a policy of too many rules is refused', () => {
  const rules = Array.from({ length: POLICY_RULES_MAX + 1 }, (_, index) => `accept *:${index + 1}`);
  assert.match(reasonOf(buildExitPolicy({ ...OPTIONS, rules })), /more than 1000 rules/);
  assert.match(reasonOf(buildExitPolicy({ ...OPTIONS, rules: ['accept *:80', 'acept *:81'] })), /acept/);
});

test('summaries: private networks do not count, large refusals do', () => {
  const summaryOf = (...rules: string[]): string => portSummaryText(summarizePolicy(rawPolicy(...rules), 4));
  assert.is(summaryOf('reject private:*', 'accept *:80', 'accept *:443', 'reject *:*'), 'accept 80,443');
  assert.is(summaryOf('reject *:25', 'accept *:*'), 'reject 25');
  assert.is(summaryOf('accept *:*'), 'accept 1-65535');
  assert.is(summaryOf('reject *:*'), 'reject 1-65535');
  assert.is(summaryOf('reject 18.0.0.0/8:80', 'accept *:80', 'reject *:*'), 'accept 80');
  assert.is(summaryOf('reject 16.0.0.0/6:80', 'accept *:80-81', 'reject *:*'), 'accept 81');
  assert.is(summaryOf('accept 1.2.3.0/24:443', 'accept *:80', 'reject *:*'), 'accept 80');
  assert.is(summaryOf('accept *6:22', 'reject *:*'), 'reject 1-65535');
  assert.is(portSummaryText(summarizePolicy(rawPolicy('accept *6:22', 'reject *:*'), 6)), 'accept 22');
});

test('a summary has at most 1,000 characters', () => {
  const rules = Array.from(
    { length: 900 },
    (_, index) => `accept *:${10_000 + index * 20}-${10_002 + index * 20}`,
  );
  const summary = portSummaryText(summarizePolicy(rawPolicy(...rules, 'reject *:*'), 4));
  assert.ok(summary.length <= 1000 && summary.startsWith('accept 10000-10002,'));
});

test('port lists are read, joined and asked; bad ones are refused', () => {
  const summary = unwrap(parsePortSummary('accept 80,443,81,8000-8010'));
  assert.is(portSummaryText(summary), 'accept 80-81,443,8000-8010');
  assert.ok(summaryAllows(summary, 8005) && summaryAllows(summary, 80) && !summaryAllows(summary, 8011));
  const refused = unwrap(parsePortSummary('reject 25'));
  assert.ok(summaryAllows(refused, 24) && !summaryAllows(refused, 25));
  assert.ok(isRejectAll(unwrap(parsePortSummary('reject 1-65535'))));
  for (const bad of [
    '',
    'accept',
    'accept ',
    'accept 0',
    'accept 1-',
    'accept 65536',
    'permit 1',
    'accept 2-1',
  ]) {
    assert.ok(reasonOf(parsePortSummary(bad)), bad);
  }
  assert.match(reasonOf(parsePortSummary(`accept ${'1,'.repeat(1001)}2`)), /more than 1000 ranges/);
});

test.run();
