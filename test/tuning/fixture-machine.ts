import { createTurns } from '../../appliance/lib/turns.ts'
import { parseFacts } from '../../appliance/tuning/parse/facts.ts'
import { type Place, placesOf } from '../../appliance/tuning/plan/places.ts'
import type { AppliedSetting, RawFacts } from '../../appliance/tuning/schema/index.ts'
import { FakeKernel } from '../helpers/fake-kernel.ts'
import { readMachine } from '../helpers/machine-text.ts'
import type { FakeAgent } from './fake-machine.ts'

export interface FixtureMachine {
  agent: FakeAgent
  raw(): RawFacts
  /** What the agent was asked to set, `NAME = VALUE`, in order. */
  set: string[]
  pull(disk: string): void
  plugIn(disk: string): void
}

/** A machine of the fixtures that takes what is set, as its kernel would, and keeps what was found, as the agent does. */
export function fixtureMachine(name: string): FixtureMachine {
  const { raw, pools } = readMachine(name)
  const kernel = new FakeKernel(raw.files)
  const pulled = new Map<string, [path: string, text: string][]>()
  const kept = new Map<string, AppliedSetting>()
  const set: string[] = []
  const turns = createTurns()

  const rawNow = (): RawFacts => ({ ...raw, files: Object.fromEntries(kernel.files) })
  function placeOf(setting: string): Place | undefined {
    const { disks } = parseFacts(rawNow(), pools)
    const paths = [...kernel.files.keys()]
    return placesOf({ paths, disks, pools }).find(place => place.name === setting)
  }
  const isHere = (place: Place | undefined): place is Place =>
    place?.paths.every(path => kernel.files.has(path)) ?? false

  function apply({ name: setting, value }: { name: string; value: string }) {
    const place = placeOf(setting)
    if (!isHere(place) || !place.accepts(value)) throw new Error(`${setting} cannot be set to ${value}`)
    const found = kept.get(setting)?.found ?? kernel.get(place)
    kernel.set(place, value)
    if (kernel.get(place) !== value) throw new Error(`${setting} is ${kernel.get(place)}, not ${value}`)
    kept.set(setting, { name: setting, found, value, isSet: true })
    set.push(`${setting} = ${value}`)
  }

  function revert(setting: string) {
    const place = placeOf(setting)
    const found = kept.get(setting)?.found
    if (isHere(place) && found) kernel.set(place, found)
    kept.delete(setting)
  }

  const operations: Record<string, (input: never) => unknown> = {
    'tuning/facts': rawNow,
    'tuning/applied': () => [...kept.values()],
    'tuning/brought': () => null,
    'tuning/probe-pool': () => null,
    'tuning/apply': ({ settings }: { settings: { name: string; value: string }[] }) => settings.map(apply),
    'tuning/keep': () => null,
    'tuning/revert': ({ names }: { names: string[] | null }) => {
      const reverted = (names ?? [...kept.keys()]).filter(setting => kept.has(setting))
      for (const setting of reverted) revert(setting)
      return { reverted, failed: [] }
    },
    'tuning/renew-hardware': () => {
      for (const { name: setting, value } of kept.values()) {
        const place = placeOf(setting)
        if (isHere(place) && kernel.get(place) !== value) kernel.set(place, value)
      }
      return { renewed: [], failed: [] }
    },
  }

  return {
    agent: {
      call: ((operation: string, input: never) =>
        turns('agent', async () => operations[operation]?.(input))) as FakeAgent['call'],
      stop: async () => undefined,
    },
    raw: rawNow,
    set,
    pull(disk) {
      const files = [...kernel.files].filter(([path]) => path.startsWith(`/sys/block/${disk}/`))
      if (files.length === 0) throw new Error(`${name} has no disk ${disk}`)
      pulled.set(
        disk,
        files.map(([path]) => [path, raw.files[path] ?? '']),
      )
      for (const [path] of files) kernel.files.delete(path)
    },
    plugIn(disk) {
      for (const [path, text] of pulled.get(disk) ?? []) kernel.files.set(path, text)
    },
  }
}
