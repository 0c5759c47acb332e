import { mountOptionsIn } from '../parse/mount-options.ts'
import type { TunedPool } from '../schema/index.ts'
import type { Place } from './places.ts'

const mounts = '/proc/self/mountinfo'

/** btrfs(5), MOUNT OPTIONS. A remount takes the option and leaves the others as they are. */
export function placesOfPool({ name, path }: Pick<TunedPool, 'name' | 'path'>): Place[] {
  const place = (setting: string, what: string, { valueIn, optionFor, choices }: MountOption): Place => ({
    name: `pool.${name}.${setting}`,
    what: `${what} of the pool ${name}`,
    group: 'pools',
    paths: [mounts],
    read(textOf) {
      const options = mountOptionsIn(textOf(mounts)).get(path)
      return options === undefined ? null : valueIn(options)
    },
    write: value => [[path, optionFor(value)]],
    isMount: true,
    choices,
    accepts: value => choices.includes(value),
  })
  return [
    place('compression', 'compression', compression),
    place('layout', 'layout', layout),
    place('discard', 'telling of freed space', discard),
  ]
}

interface MountOption {
  /** As Linux shows it, which leaves out what is off. */
  valueIn(options: readonly string[]): string
  optionFor(value: string): string
  choices: readonly string[]
}

/** Packs also what does not seem to pay. Nothing of ours mounts so, but it could be found. */
const force = 'force:'

const compression: MountOption = {
  valueIn(options) {
    const forced = valueAfter(options, 'compress-force=')
    return forced === undefined ? (valueAfter(options, 'compress=') ?? 'none') : `${force}${forced}`
  },
  optionFor: value =>
    value.startsWith(force) ? `compress-force=${value.slice(force.length)}` : `compress=${value}`,
  choices: ['none', ...Array.from({ length: 15 }, (_, index) => `zstd:${index + 1}`)],
}

const layout: MountOption = {
  valueIn: options => options.find(option => option === 'ssd' || option === 'ssd_spread') ?? 'nossd',
  optionFor: value => value,
  choices: ['ssd', 'nossd'],
}

const discard: MountOption = {
  // A lone `discard` is the one that waits for the disk.
  valueIn: options => (options.includes('discard') ? 'sync' : (valueAfter(options, 'discard=') ?? 'none')),
  optionFor: value => (value === 'none' ? 'nodiscard' : `discard=${value}`),
  choices: ['none', 'async', 'sync'],
}

function valueAfter(options: readonly string[], start: string): string | undefined {
  return options.find(option => option.startsWith(start))?.slice(start.length)
}
