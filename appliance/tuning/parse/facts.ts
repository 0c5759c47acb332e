import { absenceOf, type Place, placesOf } from '../plan/places.ts'
import type { Facts, RawFacts, Settable } from '../schema/index.ts'
import { parseCpu } from './cpu.ts'
import { parseDisks } from './disks.ts'
import { parseMachine, parsePower } from './machine.ts'
import { parseMemory } from './memory.ts'
import { parseNetwork } from './network.ts'
import { type KnownPool, parsePools } from './pools.ts'
import { parseSamba } from './samba.ts'

/**
 * The machine as Linux shows it. What is not there is null or empty; nothing is guessed. `ofParts`: what parts of Cairn set
 * themselves.
 */
export function parseFacts(
  raw: RawFacts,
  pools: readonly KnownPool[],
  ofParts: Facts['settable'] = {},
): Facts {
  // A file that stands for a disk is one only where a pool is made of it.
  const members = new Set(pools.flatMap(pool => pool.disks))
  const disks = parseDisks(raw).filter(disk => disk.bus !== 'loop' || members.has(disk.name))
  return {
    machine: parseMachine(raw),
    cpu: parseCpu(raw),
    memory: parseMemory(raw),
    disks,
    network: parseNetwork(raw),
    power: parsePower(raw),
    pools: parsePools(raw, pools),
    settable: { ...settableOf(raw, disks, pools), ...parseSamba(raw), ...ofParts },
  }
}

function settableOf(
  raw: RawFacts,
  disks: Facts['disks'],
  pools: readonly KnownPool[],
): Record<string, Settable> {
  const writable = new Set(raw.writable)
  const places = placesOf({ paths: Object.keys(raw.files), disks, pools })
  return Object.fromEntries(
    places.map(place => {
      const isThere = place.paths.length > 0 && place.paths.every(path => raw.files[path] !== undefined)
      const value = isThere ? place.read(path => raw.files[path] ?? '') : null
      return [place.name, { value, problem: value === null ? absenceOf(place) : closedOf(place, writable) }]
    }),
  )
}

function closedOf({ paths, written = paths, isMount }: Place, writable: ReadonlySet<string>): string | null {
  // Who has mounted a pool may mount it again.
  if (isMount) return null
  const closed = written.find(path => !writable.has(path))
  return closed === undefined ? null : `${closed} cannot be written here.`
}
