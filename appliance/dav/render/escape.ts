const special = /[&<>"\r]/g
const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#13;',
}
/** Characters that XML 1.0 cannot hold at all, not even as a reference. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones
const impossible = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above
const anyOfThem = /[&<>"\r\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/

export function escapeText(text: string): string {
  if (!anyOfThem.test(text)) return text
  return text.replace(impossible, '\ufffd').replace(special, character => entities[character] ?? character)
}

/** RFC 3986: everything that may stand in a segment as it is; the rest is percent-encoded. */
const needsEncoding = /[^A-Za-z0-9\-_.~!$'()*+,;=:@]/

export function encodeSegment(name: string): string {
  return needsEncoding.test(name) ? encodeURIComponent(name) : name
}

export function encodePath(path: readonly string[]): string {
  return path.map(encodeSegment).join('/')
}
