import { join } from 'node:path'
import { z } from 'zod'
import { operation } from '../../lib/operation.ts'
import { snapshotId } from '../schema.ts'
import { adoptFiles } from './adopting.ts'
import { nothing, subvolumeKey } from './inputs.ts'
import type { Keeper } from './keeper.ts'
import { serviceAccount } from './layout.ts'

const fileName = z
  .string()
  .min(1)
  .max(255)
  .refine(name => !/[/\0]/.test(name) && name !== '.' && name !== '..', 'not a name')

/** Shares, homes and their snapshots. */
export function createSubvolumeOperations({ changing, requireMounted, backend, layout }: Keeper) {
  return {
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

    /** What root's shell or another box left in a share or home. */
    'storage/adopt-files': operation({
      input: subvolumeKey.extend({ paths: z.array(z.array(fileName).min(1).max(2_000)).max(1_000) }),
      output: nothing,
      isRead: true,
      async run({ kind, subvolume, paths, ...key }) {
        const { place } = await requireMounted(key)
        if (backend.kind === 'btrfs') adoptFiles(join(place, kind, subvolume), paths, serviceAccount)
        return null
      },
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
  }
}
