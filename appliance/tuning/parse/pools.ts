import type { RawFacts, TunedPool } from '../schema/index.ts'

/** What a higher layer knows of a pool. */
export interface KnownPool {
  name: string
  /** Where it is mounted. */
  path: string
  /** Kernel names. */
  disks: string[]
}

export function parsePools(raw: RawFacts, pools: readonly KnownPool[]): TunedPool[] {
  const options = mountOptions(raw.files['/proc/self/mountinfo'] ?? '')
  return pools.map(({ name, path, disks }) => ({ name, disks, mountOptions: options.get(path) ?? null }))
}

/** proc(5): `… MOUNTPOINT options … - btrfs SOURCE superOptions`; a space is `\040`. */
function mountOptions(text: string): Map<string, string[]> {
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
