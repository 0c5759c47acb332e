import { z } from 'zod'
import { Failure } from '../../lib/failure.ts'
import type { Log } from '../../lib/log.ts'
import { operation } from '../../lib/operation.ts'
import { sha256 } from '../../lib/secret.ts'
import { describeDisk, type KnownPool } from '../plan/disk.ts'
import { identityOf, planPool, requireConfirmations } from '../plan/pool.ts'
import {
  confirmed,
  creatableProfile,
  type DiskFacts,
  diskFacts,
  diskSerial,
  foundPool,
  type PoolFacts,
  type PoolProfile,
  poolFacts,
  poolProfile,
  poolUuid,
} from '../schema.ts'
import type { PoolPlace } from './backend.ts'
import { wipe } from './btrfs.ts'
import { findDisk } from './disks.ts'
import { createFinding } from './finding.ts'
import { knownPools, nothing, poolKey, poolMember } from './inputs.ts'
import type { Keeper } from './keeper.ts'

/** Disks, and pools from their making to being mounted. */
export function createPoolOperations(keeper: Keeper, log: Log) {
  const { backend, layout, inTurn, known, watch, placeOf, factsOf, requireBtrfs } = keeper
  const creating = new Set<string>()
  const finding = createFinding(keeper)

  /** What the server has planned is planned again here, from what the disks are now. */
  async function checkedDisks(input: {
    name: string
    profile: PoolProfile
    disks: string[]
    isAdvanced: boolean
    fingerprint?: string | undefined
    confirm: Record<string, string>
    pools: KnownPool[]
  }): Promise<DiskFacts[]> {
    requireBtrfs()
    const request = { ...input, profile: creatableProfile.parse(input.profile) }
    const all = await keeper.disks()
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

  async function wipeRetired(uuid: string, serials: readonly string[]): Promise<string[]> {
    const disks = (await keeper.disks()).filter(disk => serials.includes(disk.serial) && !disk.isAway)
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
    if (!facts.isMounted || keeper.isBusy(pool.name)) return
    const disks = await keeper.disks()
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

  return {
    'storage/disks': operation({
      input: z.strictObject({}),
      output: z.object({ kind: z.enum(['btrfs', 'folder']), disks: z.array(diskFacts) }),
      isRead: true,
      run: async () => ({ kind: backend.kind, disks: await keeper.disks() }),
    }),

    'storage/create-pool': operation({
      input: poolKey.extend({
        profile: poolProfile,
        disks: z.array(diskSerial).max(64),
        isAdvanced: z.boolean().default(false),
        fingerprint: z.string().max(100).optional(),
        confirm: confirmed,
        createdAt: z.iso.datetime(),
        pools: knownPools,
      }),
      output: z.array(poolMember),
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
          await backend.abandon(placeOf(key), await keeper.disks())
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
          if (keeper.isStopping())
            throw new Failure('unavailable', 'agent/stopping', 'The system service is stopping.')
          const pool = placeOf(key)
          await wipeRetired(key.uuid, retired)
          await reassemble(pool)
          const isMounted = await backend.mount(pool, await keeper.disks())
          known.set(key.name, key.uuid)
          const facts = await backend.facts(pool)
          if (isMounted && !facts.isReadOnly) await layout.tidy(pool.place)
          await watch.look()
          return { isMounted }
        }),
    }),

    'storage/found-pools': operation({
      input: z.strictObject({ pools: knownPools }),
      output: z.array(foundPool),
      isRead: true,
      run: ({ pools }) => inTurn('disks', () => finding.find(pools)),
    }),

    'storage/import-pool': operation({
      input: poolKey.extend({ pools: knownPools }),
      output: foundPool.extend({ members: z.array(poolMember) }),
      run: ({ pools, ...key }) =>
        inTurn('disks', async () => {
          const found = await finding.require(key.uuid, pools)
          const pool = placeOf(key)
          const disks = await keeper.disks()
          if (!(await backend.mount(pool, disks)))
            throw new Failure(
              'unavailable',
              'storage/mount-failed',
              `The pool ${key.name} cannot be mounted.`,
            )
          known.set(key.name, key.uuid)
          const facts = await backend.facts(pool)
          if (!facts.isReadOnly) await layout.tidy(pool.place)
          await watch.look()
          return { ...found, members: everyMember(disks, facts) }
        }),
    }),

    'storage/pool-facts': operation({
      input: poolKey,
      output: poolFacts,
      isRead: true,
      async run(key) {
        const facts = await factsOf(placeOf(key))
        if (known.get(key.name) === key.uuid) watch.saw(key.name, facts)
        return facts
      },
    }),

    'storage/wipe-retired': operation({
      input: z.strictObject({ uuid: poolUuid, serials: z.array(diskSerial) }),
      output: z.array(diskSerial).describe('Those that were there and are wiped now.'),
      run: ({ uuid, serials }) => inTurn('disks', () => wipeRetired(uuid, serials)),
    }),
  }
}

function membersOf(disks: readonly DiskFacts[], facts: PoolFacts) {
  return facts.members.flatMap(({ devid, path, sizeBytes }) => {
    const disk = disks.find(other => other.path === path)
    return disk ? [{ devid, serial: disk.serial, model: disk.model, sizeBytes }] : []
  })
}

/** Of a pool that somebody else has made, a disk that is away is known by its number alone. */
function everyMember(disks: readonly DiskFacts[], facts: PoolFacts) {
  return facts.members.map(({ devid, path, sizeBytes }) => {
    const disk = disks.find(other => other.path === path)
    const { serial, model } = disk ?? { serial: `unknown-${devid}`, model: 'Disk that is away' }
    return { devid, serial, model, sizeBytes }
  })
}
