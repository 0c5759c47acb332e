import { Failure } from '../../lib/failure.ts'
import { checkName } from '../parse/names.ts'
import { realHomeName, shownHomeName } from '../plan/home-names.ts'
import type { Location, Person, Volume, Volumes } from '../schema.ts'
import { missing } from './failures.ts'

/** A place in a volume. */
export interface Spot {
  volume: Volume
  path: readonly string[]
  /** Who asked for it; absent where nobody did. */
  by?: Person
}

export interface Tree {
  /** Where a path of this person's tree lies. The root is the top of the home. */
  spot(person: Person, path: readonly string[]): Spot
  /** The same, of a path whose names somebody else checks. */
  place(person: Person, path: readonly string[]): Spot
  /** The shares that lie at the top of the tree. */
  shares(person: Person): Volume[]
  /** How the home's entry `name` is called in the tree. */
  shownName(person: Person, name: string): string
  /** The way back: where this person sees it, or undefined. */
  pathOf(person: Person, location: Location): string[] | undefined
}

const reservedName = '.cairn'

/** A user's tree: the home, and each share with a right as a folder at its top. */
export function createTree(volumes: Volumes): Tree {
  const isShare = (person: Person) => (name: string) => volumes.volume(person, name)?.name === name

  function spot(person: Person, path: readonly string[]): Spot {
    for (const name of path) checkName(name)
    const found = find(person, path)
    if (found.path[0]?.toLowerCase() === reservedName) throw reserved()
    return { ...found, by: person }
  }

  function find(person: Person, path: readonly string[]): Spot {
    const [first, ...rest] = path
    if (first !== undefined && isShare(person)(first)) {
      const volume = volumes.volume(person, first)
      if (volume) return { volume, path: rest }
    }
    const home = volumes.home(person)
    if (!home) throw missing()
    if (first === undefined) return { volume: home, path: [] }
    return { volume: home, path: [realHomeName(first, isShare(person)), ...rest] }
  }

  function pathOf(person: Person, { volume, path }: Location): string[] | undefined {
    const found = volumes.volumes(person).find(one => volumeKey(one, person) === volume)
    if (!found) return undefined
    if (found.kind === 'share') return [found.name, ...path]
    const [first, ...rest] = path
    return first === undefined ? [] : [shownHomeName(first, isShare(person)), ...rest]
  }

  return {
    spot,
    place: find,
    shares: person => volumes.volumes(person).filter(volume => volume.kind === 'share'),
    shownName: (person, name) => shownHomeName(name, isShare(person)),
    pathOf,
  }
}

export function volumeKey(volume: Volume, person: Person): string {
  return volume.kind === 'home' ? `home:${person.user}` : `share:${volume.name}`
}

export function requireWritable({ volume }: Spot): void {
  if (volume.right !== 'write') {
    throw new Failure('forbidden', 'files/read-only-grant', 'You may read here, but not change anything.')
  }
  if (volume.isAvailable && volume.isReadOnly) {
    throw new Failure('forbidden', 'files/read-only-pool', 'This pool is read-only at the moment.')
  }
}

/** The folder and the name in it; the top of a volume has neither. */
export function splitSpot(spot: Spot): { volume: Volume; parent: readonly string[]; name: string } {
  const name = spot.path.at(-1)
  if (name === undefined) {
    throw new Failure(
      'forbidden',
      'files/volume-root',
      'This folder is a share or a home: it is managed elsewhere.',
    )
  }
  return { volume: spot.volume, parent: spot.path.slice(0, -1), name }
}

export function isHidden(path: readonly string[], name: string): boolean {
  return path.length === 0 && name.toLowerCase() === reservedName
}

function reserved() {
  return new Failure('forbidden', 'files/reserved', 'This name is reserved for the box itself.')
}
