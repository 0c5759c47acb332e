import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { Events } from '../../lib/events.ts'
import { Failure } from '../../lib/failure.ts'
import type { Log } from '../../lib/log.ts'
import { type OperationContext, operation } from '../../lib/operation.ts'
import type { Parts } from '../../lib/parts.ts'
import { sha256 } from '../../lib/secret.ts'
import { describeDisk } from '../plan/disk.ts'
import { confirmationOf, holdsAnything, identityOf, planPool, requireConfirmations } from '../plan/pool.ts'
import {
  confirmed,
  creatableProfile,
  type DiskFacts,
  diskFacts,
  diskSerial,
  poolFacts,
  poolName,
  poolProfile,
  poolUuid,
  snapshotId,
  subvolumeKind,
  subvolumeName,
} from '../schema.ts'
import type { PoolBackend, PoolPlace } from './backend.ts'
import { btrfsBackend, wipe } from './btrfs.ts'
import { createDiskReader, findDisk } from './disks.ts'
import { folderBackend } from './folder.ts'
import { createLayout, serviceAccount } from './layout.ts'
import { mountsBelow, unmountPlace } from './mounts.ts'
import { createPracticeDisks } from './practice.ts'
import { createPracticeOperations } from './practice-operations.ts'
import { replaceDisk } from './replace.ts'
import { scrub } from './scrub.ts'
import { createTurns } from './turns.ts'
import { createWatch } from './watch.ts'

export interface StorageSystemDeps {
  poolsDir: string
  practice: { folder: string; count: number; sizeBytes: number }
  isRoot: boolean
  events: Events
  log: Log
  parts: Parts
}

const member = z.object({
  devid: z.number().int(),
  serial: diskSerial,
  model: z.string(),
  sizeBytes: z.number().int(),
})
const poolKey = z.strictObject({ name: poolName, uuid: poolUuid })
const subvolumeKey = poolKey.extend({ kind: subvolumeKind, subvolume: subvolumeName })
const nothing = z.null()

interface LongWork {
  what: 'scrub' | 'replace'
  controller: AbortController
  done: Promise<unknown>
}

/** All that root does for disks and pools. */
export function createStorageOperations(deps: StorageSystemDeps) {
  const { poolsDir, isRoot, events, log, parts } = deps
  const backend = backendFor(isRoot)
  const practice = createPracticeDisks({ ...deps.practice, log })
  const hasPractice = backend.kind === 'btrfs' && deps.practice.count > 0
  const readDisks = createDiskReader(async () => (hasPractice ? practice.list() : []))
  const layout = createLayout({ backend, owner: isRoot ? serviceAccount : null })
  const inTurn = createTurns()
  /** Pools that this agent has to do with: uuid by name. */
  const known = new Map<string, string>()
  const creating = new Set<string>()
  const busy = new Map<string, LongWork>()
  let isStopping = false

  const placeOf = ({ name, uuid }: { name: string; uuid: string }): PoolPlace => ({
    name,
    uuid,
    place: join(poolsDir, name),
  })
  const disksNow = async () => (backend.kind === 'btrfs' ? readDisks() : [])

  async function factsOf(pool: PoolPlace) {
    const facts = await backend.facts(pool)
    const own = busy.get(pool.name)?.what
    return own && facts.activity === 'none' ? { ...facts, activity: own } : facts
  }

  const watch = createWatch({
    log,
    changed: pool => events.publish('storage/changed', { pool }),
    async facts() {
      const pools = [...known].map(([name, uuid]) => placeOf({ name, uuid }))
      return new Map(await Promise.all(pools.map(async pool => [pool.name, await factsOf(pool)] as const)))
    },
  })

  parts.add({
    name: 'storage',
    async start() {
      if (hasPractice) await practice.start()
      watch.start()
    },
    async stop() {
      isStopping = true
      watch.stop()
      if (backend.kind === 'btrfs') await letGo()
    },
  })

  /** Where the disks are ours alone, nothing stays behind; else what others still use stays mounted. */
  async function letGo() {
    if (hasPractice) for (const { controller } of busy.values()) controller.abort()
    if (hasPractice) await Promise.allSettled([...busy.values()].map(({ done }) => done))
    await inTurn('disks', async () => {
      const busyPlace = hasPractice ? 'detach' : 'leave'
      for (const { place } of await mountsBelow(poolsDir)) await unmountPlace(place, busyPlace)
      if (hasPractice) await practice.stop()
    })
  }

  /** One long piece of work per pool; `facts` shows which. */
  async function occupy<T>(
    name: string,
    what: LongWork['what'],
    { signal, report }: OperationContext,
    work: (context: OperationContext) => Promise<T>,
  ): Promise<T> {
    const other = busy.get(name)?.what
    if (other) throw new Failure('conflict', 'storage/busy', `The pool ${name} is busy: ${other}.`)
    const controller = new AbortController()
    const done = work({ report, signal: AbortSignal.any([signal, controller.signal]) })
    busy.set(name, { what, controller, done })
    events.publish('storage/changed', { pool: name })
    try {
      return await done
    } finally {
      busy.delete(name)
      if (!isStopping) await watch.look()
      events.publish('storage/changed', { pool: name })
    }
  }

  async function requireMounted(key: { name: string; uuid: string }): Promise<PoolPlace> {
    const pool = placeOf(key)
    const facts = await backend.facts(pool)
    if (!facts.isMounted)
      throw new Failure('unavailable', 'storage/pool-away', `The pool ${key.name} is not there.`)
    if (facts.isReadOnly)
      throw new Failure('unavailable', 'storage/pool-readonly', `The pool ${key.name} is read-only.`)
    return pool
  }

  const changing = async <T>(key: { name: string; uuid: string }, work: (place: string) => Promise<T>) =>
    inTurn(key.name, async () => work((await requireMounted(key)).place))

  const storageOperations = {
    'storage/disks': operation({
      input: z.strictObject({}),
      output: z.object({ kind: z.enum(['btrfs', 'folder']), disks: z.array(diskFacts) }),
      isRead: true,
      run: async () => ({ kind: backend.kind, disks: await disksNow() }),
    }),

    'storage/create-pool': operation({
      input: poolKey.extend({
        profile: poolProfile,
        disks: z.array(diskSerial).max(64),
        isAdvanced: z.boolean().default(false),
        fingerprint: z.string().max(100).optional(),
        confirm: confirmed,
        createdAt: z.iso.datetime(),
        pools: z.array(z.object({ name: poolName, uuid: poolUuid, serials: z.array(diskSerial) })),
      }),
      output: z.array(member),
      run: (input, { report }) =>
        inTurn('disks', async () => {
          const pool = placeOf(input)
          creating.add(input.uuid)
          try {
            report({ fraction: 0.1, message: 'Looking at the disks again' })
            const disks = input.profile === 'folder' ? [] : await checkedDisks(input)
            report({ fraction: 0.3, message: 'Making the filesystem' })
            await backend.create({ ...pool, profile: input.profile, disks })
            known.set(input.name, input.uuid)
            report({ fraction: 0.8, message: 'Laying out the folders' })
            await layout.makeTop({ ...pool, profile: input.profile, createdAt: input.createdAt })
            return membersOf(disks, await backend.facts(pool))
          } finally {
            creating.delete(input.uuid)
          }
        }),
    }),

    'storage/abandon-pool': operation({
      input: poolKey,
      output: nothing,
      run: async key => {
        if (creating.has(key.uuid))
          throw new Failure('conflict', 'storage/creating', `The pool ${key.name} is being made right now.`)
        return inTurn('disks', async () => {
          known.delete(key.name)
          await backend.abandon(placeOf(key), await disksNow())
          return null
        })
      },
    }),

    'storage/mount-pool': operation({
      input: poolKey.extend({
        retired: z
          .array(diskSerial)
          .describe('Disks that were replaced: wiped before anything could use them.'),
      }),
      output: z.object({ isMounted: z.boolean() }),
      run: ({ retired, ...key }) =>
        inTurn('disks', async () => {
          if (isStopping)
            throw new Failure('unavailable', 'agent/stopping', 'The system service is stopping.')
          const pool = placeOf(key)
          await wipeRetired(key.uuid, retired)
          await reassemble(pool)
          const isMounted = await backend.mount(pool, await disksNow())
          known.set(key.name, key.uuid)
          const facts = await backend.facts(pool)
          if (isMounted && !facts.isReadOnly) await layout.tidy(pool.place)
          await watch.look()
          return { isMounted }
        }),
    }),

    'storage/pool-facts': operation({
      input: poolKey,
      output: poolFacts,
      isRead: true,
      run: key => factsOf(placeOf(key)),
    }),

    'storage/create-subvolume': operation({
      input: subvolumeKey,
      output: nothing,
      run: ({ kind, subvolume, ...key }) =>
        changing(key, async place => {
          await layout.createSubvolume(place, { kind, name: subvolume })
          return null
        }),
    }),

    'storage/delete-subvolume': operation({
      input: subvolumeKey,
      output: nothing,
      run: ({ kind, subvolume, ...key }) =>
        changing(key, async place => {
          await layout.deleteSubvolume(place, { kind, name: subvolume })
          return null
        }),
    }),

    'storage/create-snapshot': operation({
      input: subvolumeKey,
      output: z.object({ id: snapshotId }),
      run: ({ kind, subvolume, ...key }) =>
        changing(key, async place => ({ id: await layout.createSnapshot(place, { kind, name: subvolume }) })),
    }),

    'storage/delete-snapshot': operation({
      input: subvolumeKey.extend({ id: snapshotId }),
      output: nothing,
      run: ({ kind, subvolume, id, ...key }) =>
        changing(key, async place => {
          await layout.deleteSnapshot(place, { kind, name: subvolume }, id)
          return null
        }),
    }),

    'storage/restore-snapshot': operation({
      input: subvolumeKey.extend({ id: snapshotId }),
      output: z.object({ kept: snapshotId }),
      run: ({ kind, subvolume, id, ...key }) =>
        changing(key, async place => ({ kept: await layout.restore(place, { kind, name: subvolume }, id) })),
    }),

    'storage/take-heal': operation({
      input: z.strictObject({ name: poolName }),
      output: z.boolean(),
      isRead: true,
      run: async ({ name }) => watch.takeHeal(name),
    }),

    'storage/scrub': operation({
      input: poolKey,
      output: z.object({ isClean: z.boolean(), corrected: z.number(), uncorrectable: z.number() }),
      run: async (key, context) => {
        requireBtrfs()
        const pool = await requireMounted(key)
        return occupy(key.name, 'scrub', context, inner => scrub(pool, inner))
      },
    }),

    'storage/replace': operation({
      input: poolKey.extend({
        profile: creatableProfile,
        devid: z.number().int().positive(),
        to: diskSerial,
        confirm: confirmed,
        pools: z.array(z.object({ name: poolName, uuid: poolUuid, serials: z.array(diskSerial) })),
      }),
      output: nothing,
      run: async ({ profile, devid, to, confirm, pools, ...key }, context) => {
        requireBtrfs()
        const pool = await requireMounted(key)
        await occupy(key.name, 'replace', context, async inner => {
          const target = await replacementDisk(pool, { devid, to, confirm, pools })
          await replaceDisk({ ...pool, profile, devid, target }, inner)
        })
        return null
      },
    }),

    'storage/wipe-retired': operation({
      input: z.strictObject({ uuid: poolUuid, serials: z.array(diskSerial) }),
      output: z.array(diskSerial).describe('Those that were there and are wiped now.'),
      run: ({ uuid, serials }) => inTurn('disks', () => wipeRetired(uuid, serials)),
    }),
  }

  function requireBtrfs() {
    if (backend.kind === 'btrfs') return
    throw new Failure(
      'unsupported',
      'storage/no-disks',
      'This pool is a plain folder and has no disks of its own.',
    )
  }

  /** What the server has planned is planned again here, from what the disks are now. */
  async function checkedDisks(input: {
    name: string
    profile: z.infer<typeof poolProfile>
    disks: string[]
    isAdvanced: boolean
    fingerprint?: string | undefined
    confirm: Record<string, string>
    pools: { name: string; uuid: string; serials: string[] }[]
  }): Promise<DiskFacts[]> {
    requireBtrfs()
    const request = { ...input, profile: creatableProfile.parse(input.profile) }
    const all = await readDisks()
    const chosen = input.disks.map(serial => {
      const facts = findDisk(all, serial)
      return { facts, disk: describeDisk(facts, input.pools, new Set()) }
    })
    const plan = planPool(request, chosen)
    if (input.fingerprint !== undefined && input.fingerprint !== sha256(identityOf(request, chosen))) {
      throw new Failure(
        'conflict',
        'storage/disks-changed',
        'The disks have changed since the plan was made. Look at it again.',
      )
    }
    requireConfirmations(plan.confirmations, input.confirm)
    return chosen.map(({ facts }) => facts)
  }

  async function replacementDisk(
    pool: PoolPlace,
    wanted: {
      devid: number
      to: string
      confirm: Record<string, string>
      pools: { name: string; uuid: string; serials: string[] }[]
    },
  ): Promise<DiskFacts | undefined> {
    const facts = findDisk(await readDisks(), wanted.to)
    const { members } = await backend.facts(pool)
    if (members.some(({ devid, path }) => devid === wanted.devid && path === facts.path)) return undefined
    // Started before a restart: the kernel has it, and goes on.
    if (facts.mountedUuid === pool.uuid) return undefined
    // It was away when the pool was mounted, and is filled anew.
    if (
      members.some(({ devid, isMissing }) => devid === wanted.devid && isMissing) &&
      isMemberOf(pool, facts)
    )
      return facts
    const disk = describeDisk(facts, wanted.pools, new Set())
    if (!disk.isOffered)
      throw new Failure(
        'conflict',
        'storage/disk-in-use',
        `${disk.model} (${disk.serial}) cannot be used. ${disk.reason}`,
      )
    if (holdsAnything(facts)) requireConfirmations([confirmationOf(disk)], wanted.confirm)
    return facts
  }

  async function wipeRetired(uuid: string, serials: readonly string[]): Promise<string[]> {
    const disks = (await disksNow()).filter(disk => serials.includes(disk.serial) && !disk.isAway)
    const stale = disks.filter(
      disk =>
        disk.mountedUuid === null &&
        disk.signatures.some(found => found.type === 'btrfs' && found.uuid === uuid),
    )
    for (const disk of stale) await wipe(disk)
    return stale.map(disk => disk.serial)
  }

  /** A pool that runs without a disk which is there again, or that went read-only, starts afresh if nobody uses it. */
  async function reassemble(pool: PoolPlace) {
    const facts = await backend.facts(pool)
    if (!facts.isMounted || busy.has(pool.name)) return
    const disks = await disksNow()
    const present = disks.filter(
      disk => !disk.isAway && disk.signatures.some(found => found.uuid === pool.uuid),
    )
    const isWhole = present.length >= facts.members.length && facts.members.length > 0
    if (!isWhole || !(facts.isReadOnly || facts.members.some(({ isMissing }) => isMissing))) return
    try {
      await backend.unmount(pool)
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 'storage/busy') throw error
      log.warn('a pool is whole again but in use, and stays as it is', { pool: pool.name })
    }
  }

  const practiceOperations = createPracticeOperations(practice, noticed)
  // A box without practice disks does not know their operations.
  return { ...storageOperations, ...(hasPractice ? practiceOperations : ({} as typeof practiceOperations)) }

  async function noticed() {
    await watch.look()
    events.publish('storage/changed', { pool: null })
  }
}

function isMemberOf({ uuid }: PoolPlace, { signatures, mountedUuid, isAway }: DiskFacts): boolean {
  return (
    !isAway && mountedUuid === null && signatures.some(found => found.type === 'btrfs' && found.uuid === uuid)
  )
}

function membersOf(disks: readonly DiskFacts[], facts: z.infer<typeof poolFacts>) {
  return facts.members.flatMap(({ devid, path, sizeBytes }) => {
    const disk = disks.find(other => other.path === path)
    return disk ? [{ devid, serial: disk.serial, model: disk.model, sizeBytes }] : []
  })
}

function backendFor(isRoot: boolean): PoolBackend {
  return isRoot && readFileSync('/proc/filesystems', 'utf8').includes('\tbtrfs\n')
    ? btrfsBackend
    : folderBackend
}
