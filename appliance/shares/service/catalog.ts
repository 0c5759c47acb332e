import { createMemory } from '../../lib/memory.ts'
import type { Storage } from '../../storage/index.ts'
import type { Users } from '../../users/index.ts'
import { rightOf } from '../plan/rights.ts'
import type { Right, Volume } from '../schema.ts'
import type { Store } from '../store/index.ts'
import type { HomeRow } from '../store/migrations.ts'
import type { ShareRecord } from '../store/shares.ts'

export type Who = { user: string }
export type Kind = 'shares' | 'homes'

/** The one place that answers who may do what. Synchronous and from memory; every face asks it. */
export interface Authority {
  /** The home first, then each share with a right, by name. */
  volumes(actor: Who): Volume[]
  /** A share by its name in the actor's tree. */
  volume(actor: Who, name: string): Volume | undefined
  home(actor: Who): Volume | undefined
}

export interface Catalog extends Authority {
  refresh(): Promise<void>
  /** All that there is, whoever may see it. */
  everyVolume(): Volume[]
  share(name: string): ShareRecord | undefined
  /** Those that are there for use, by name. */
  shares(): ShareRecord[]
  homes(): readonly HomeRow[]
  right(actor: Who, share: ShareRecord): Right
  pathOf(pool: string, kind: Kind, name: string): string
  stateOf(pool: string): Pick<Volume, 'isAvailable' | 'isReadOnly'>
}

interface State {
  shares: ShareRecord[]
  homes: HomeRow[]
}

export interface CatalogDeps {
  store: Store
  storage: Pick<Storage, 'mounted'>
  users: Pick<Users, 'groupsOf' | 'names'>
  poolsDir: string
}

export function createCatalog({ store, storage, users, poolsDir }: CatalogDeps): Catalog {
  const memory = createMemory<State>({ shares: [], homes: [] }, async () => {
    const [shares, homes] = await Promise.all([store.shares.list(), store.homes.list()])
    return { shares, homes }
  })
  const shares = () => memory.value().shares.filter(({ state }) => state === 'ready')
  const right = ({ user }: Who, share: ShareRecord) => rightOf(user, users.groupsOf(user), share)
  const pathOf = (pool: string, kind: Kind, name: string) =>
    `${storage.mounted(pool)?.path ?? `${poolsDir}/${pool}`}/${kind}/${name}`

  function stateOf(pool: string) {
    const state = storage.mounted(pool)?.state ?? 'missing'
    return { isAvailable: state !== 'missing', isReadOnly: state === 'readonly' }
  }

  function volumeOf(actor: Who, share: ShareRecord): Volume | undefined {
    const { name, pool } = share
    const given = right(actor, share)
    if (given === 'none') return undefined
    return { kind: 'share', name, pool, path: pathOf(pool, 'shares', name), right: given, ...stateOf(pool) }
  }

  const readyHomes = () => memory.value().homes.filter(({ state }) => state === 'ready')

  function home({ user }: Who): Volume | undefined {
    const row = readyHomes().find(({ userName }) => userName === user)
    return row && whole('home', row.userName, row.pool)
  }

  function whole(kind: Volume['kind'], name: string, pool: string): Volume {
    const path = pathOf(pool, kind === 'home' ? 'homes' : 'shares', name)
    return { kind, name, pool, path, right: 'write', ...stateOf(pool) }
  }

  return {
    refresh: memory.refresh,
    everyVolume: () => [
      ...shares().map(({ name, pool }) => whole('share', name, pool)),
      ...readyHomes().map(({ userName, pool }) => whole('home', userName, pool)),
    ],
    shares,
    share: name => shares().find(share => share.name === name),
    homes: () => memory.value().homes,
    right,
    pathOf,
    stateOf,
    home,
    volumes: actor => [home(actor), ...shares().map(share => volumeOf(actor, share))].filter(isThere),
    volume(actor, name) {
      const found = shares().find(share => share.name === name)
      return found && volumeOf(actor, found)
    },
  }
}

function isThere(volume: Volume | undefined): volume is Volume {
  return volume !== undefined
}
