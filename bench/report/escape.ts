const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

// biome-ignore lint/suspicious/noControlCharactersInRegex: XML does not allow them, not even escaped
const CONTROLS = /[\x00-\x08\x0b\x0c\x0e-\x1f]/g;

/** Text made safe for XML and HTML, in content and in quoted attributes. Control characters are dropped. */
export function escapeXml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (sign) => ESCAPES[sign] ?? sign).replaceAll(CONTROLS, '');
}
