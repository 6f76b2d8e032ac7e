/** BEP 20: the two letters in a peer id of the usual form, and who uses them. */
const AZUREUS: Readonly<Record<string, string>> = {
  AL: 'Allium',
  A2: 'aria2',
  AZ: 'Vuze',
  BC: 'BitComet',
  BI: 'BiglyBT',
  BT: 'BitTorrent',
  DE: 'Deluge',
  FW: 'FrostWire',
  KT: 'KTorrent',
  LT: 'libtorrent',
  lt: 'libTorrent (rakshasa)',
  qB: 'qBittorrent',
  TR: 'Transmission',
  UT: 'µTorrent',
  UM: 'µTorrent Mac',
  WD: 'WebTorrent Desktop',
  WW: 'WebTorrent',
  XL: 'Xunlei',
};
/** BEP 20: Mainline and aria2 write their name and version another way. */
const OTHERS: readonly [RegExp, string][] = [
  [/^M(\d+)-(\d+)-(\d+)-/, 'BitTorrent'],
  [/^A2-(\d+)-(\d+)-(\d+)-/, 'aria2'],
];

/** What program a peer id of 20 bytes names, with its version; empty when it names none that is known. BEP 20. */
export function clientOf(peerId: Uint8Array): string {
  const text = Buffer.from(peerId.buffer, peerId.byteOffset, Math.min(20, peerId.length)).toString('latin1');
  for (const [form, name] of OTHERS) {
    const match = form.exec(text);
    if (match !== null) return `${name} ${match.slice(1).join('.')}`;
  }
  const [, code = '', version = ''] = /^-([A-Za-z0-9~]{2})([A-Za-z0-9]{4})-/.exec(text) ?? [];
  const name = AZUREUS[code];
  return name === undefined ? '' : `${name} ${versionText(version)}`;
}

/** Four digits, hexadecimal or beyond: `4630` is 4.6.3. */
function versionText(version: string): string {
  const parts = [...version].map((digit) => Number.parseInt(digit, 36));
  while (parts.length > 2 && parts.at(-1) === 0) parts.pop();
  return parts.join('.');
}
