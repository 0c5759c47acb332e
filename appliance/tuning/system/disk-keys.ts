import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { textOf } from './sysfs.ts'

export async function diskKeys(root: string, names: readonly string[]): Promise<Record<string, string>> {
  const keys = await Promise.all(names.map(async name => [name, await keyOf(root, name)] as const))
  return withoutDoubles(Object.fromEntries(keys))
}

/** Where a disk says who it is, the best first. */
const identities = ['device/wwid', 'wwid', 'device/serial', 'serial', 'device/cid']

/** The same disk has the same key after every start, at whatever port; and nobody learns its serial from it. */
async function keyOf(root: string, name: string): Promise<string> {
  for (const file of identities) {
    const said = (await textOf(join(root, '/sys/block', name, file)))?.trim()
    if (said) return createHash('sha256').update(said).digest('hex').slice(0, 8)
  }
  return name
}

/** Cheap USB bridges all say the same: then only the kernel's name tells them apart. */
function withoutDoubles(keys: Record<string, string>): Record<string, string> {
  const all = Object.values(keys)
  const isDouble = (key: string) => all.indexOf(key) !== all.lastIndexOf(key)
  return Object.fromEntries(Object.entries(keys).map(([name, key]) => [name, isDouble(key) ? name : key]))
}
