import { z } from 'zod'
import { Failure } from '../../lib/failure.ts'
import { operation } from '../../lib/operation.ts'
import { describeDisk, type KnownPool } from '../plan/disk.ts'
import { confirmationOf, holdsAnything, requireConfirmations } from '../plan/pool.ts'
import { confirmed, creatableProfile, type DiskFacts, diskSerial, poolName } from '../schema.ts'
import type { PoolPlace } from './backend.ts'
import { findDisk } from './disks.ts'
import { knownPools, nothing, poolKey } from './inputs.ts'
import type { Keeper } from './keeper.ts'
import { replaceDisk } from './replace.ts'
import { scrub } from './scrub.ts'

/** The long work: checking a pool, and replacing its disks. */
export function createUpkeepOperations(keeper: Keeper) {
  const { backend, watch, occupy, requireMounted, requireBtrfs } = keeper

  async function replacementDisk(
    pool: PoolPlace,
    wanted: {
      devid: number
      to: string
      confirm: Record<string, string>
      pools: KnownPool[]
    },
  ): Promise<DiskFacts | undefined> {
    const facts = findDisk(await keeper.disks(), wanted.to)
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

  return {
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
        pools: knownPools,
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
  }
}

function isMemberOf({ uuid }: PoolPlace, { signatures, mountedUuid, isAway }: DiskFacts): boolean {
  return (
    !isAway && mountedUuid === null && signatures.some(found => found.type === 'btrfs' && found.uuid === uuid)
  )
}
