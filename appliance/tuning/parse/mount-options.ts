import { parseMountinfo } from '../../lib/mountinfo.ts'

/** Of each Btrfs, by its place. */
export function mountOptionsIn(text: string): Map<string, string[]> {
  const mounts = parseMountinfo(text).filter(({ type }) => type === 'btrfs')
  return new Map(
    mounts.map(({ place, options, superOptions }) => [place, [...new Set([...options, ...superOptions])]]),
  )
}
