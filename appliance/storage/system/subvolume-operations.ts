import { z } from 'zod'
import { operation } from '../../lib/operation.ts'
import { snapshotId } from '../schema.ts'
import { nothing, subvolumeKey } from './inputs.ts'
import type { Keeper } from './keeper.ts'

/** Shares, homes and their snapshots. */
export function createSubvolumeOperations({ changing, layout }: Keeper) {
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
