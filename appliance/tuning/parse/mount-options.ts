/** Of each Btrfs, by its place. proc(5): `… MOUNTPOINT options … - btrfs SOURCE superOptions`; a space is `\040`. */
export function mountOptionsIn(text: string): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const line of text.split('\n')) {
    const [before = '', after = ''] = line.split(' - ')
    const [, , , , place = '', own = ''] = before.split(' ')
    const [type, , superOptions = ''] = after.split(' ')
    if (type === 'btrfs')
      found.set(unescaped(place), [...new Set([...own.split(','), ...superOptions.split(',')])])
  }
  return found
}

function unescaped(place: string): string {
  return place.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
}
