import { wordsIn } from '../parse/kernel-text.ts'
import type { Place } from './places.ts'

/**
 * Compressed memory as swap (admin-guide/blockdev/zram.rst): one device, which is made anew for either of its two values.
 * Where there are several, or the one there is holds something else, they are the system's own.
 */
export function placesOfZram(paths: readonly string[]): Place[] {
  const devices = paths.flatMap(path => /^\/sys\/block\/(zram\d+)\/disksize$/.exec(path)?.[1] ?? []).sort()
  const shared = {
    group: 'memory',
    paths: [swaps, ...devices.flatMap(name => [fileOf(name, 'disksize'), fileOf(name, 'comp_algorithm')])],
    written: devices.flatMap(name => [fileOf(name, 'disksize'), fileOf(name, 'comp_algorithm')]),
    absence:
      devices.length === 0
        ? 'The kernel offers no zram device here; its module is not loaded.'
        : 'There is no zram device here that nobody else uses.',
  } as const
  const used = (textOf: TextOf) => zramIn(devices, textOf)
  return [
    {
      ...shared,
      name: 'zram.size',
      what: 'compressed memory',
      read(textOf) {
        const { name, isSwap } = used(textOf) ?? {}
        if (name === undefined) return null
        return isSwap ? textOf(fileOf(name, 'disksize')).trim() : none
      },
      write: () => [],
      swapAfter(value, textOf) {
        const device = used(textOf)
        return (
          device && {
            name: device.name,
            sizeBytes: value === none ? 0 : Number(value),
            algorithm: device.algorithm,
          }
        )
      },
      accepts: value =>
        value === none ||
        (/^\d{1,13}$/.test(value) && Number(value) >= leastBytes && Number(value) % pageBytes === 0),
    },
    {
      ...shared,
      name: 'zram.algorithm',
      what: 'choice of how memory is compressed',
      read: textOf => used(textOf)?.algorithm ?? null,
      write: () => [],
      swapAfter(value, textOf) {
        const device = used(textOf)
        if (!device) return undefined
        const sizeBytes = device.isSwap ? Number(textOf(fileOf(device.name, 'disksize'))) : 0
        return { name: device.name, sizeBytes, algorithm: value }
      },
      accepts: value => /^[a-z0-9][a-z0-9-]{1,19}$/.test(value),
    },
  ]
}

export const swaps = '/proc/swaps'
const none = 'none'
const leastBytes = 16 * 1024 ** 2
/** The kernel rounds up to whole pages. */
const pageBytes = 4096

type TextOf = (path: string) => string

const fileOf = (name: string, file: string) => `/sys/block/${name}/${file}`

/** The one that is swap, else the first that is nothing yet. */
function zramIn(
  devices: readonly string[],
  textOf: TextOf,
): { name: string; isSwap: boolean; algorithm: string } | undefined {
  const swapped = devices.filter(name => new RegExp(`^/dev/${name}\\s`, 'm').test(textOf(swaps)))
  const idle = devices.find(name => textOf(fileOf(name, 'disksize')).trim() === '0')
  const name = swapped.length > 1 ? undefined : (swapped[0] ?? idle)
  if (name === undefined) return undefined
  const said = textOf(fileOf(name, 'comp_algorithm'))
  return { name, isSwap: swapped.length === 1, algorithm: wordsIn(said).chosen ?? said.trim() }
}
