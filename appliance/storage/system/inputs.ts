import { z } from 'zod'
import { diskSerial, poolName, poolUuid, subvolumeKind, subvolumeName } from '../schema.ts'

export const poolKey = z.strictObject({ name: poolName, uuid: poolUuid })
export const subvolumeKey = poolKey.extend({ kind: subvolumeKind, subvolume: subvolumeName })
/** The pools that the database knows: their disks are never offered. */
export const knownPools = z.array(z.object({ name: poolName, uuid: poolUuid, serials: z.array(diskSerial) }))
export const poolMember = z.object({
  devid: z.number().int(),
  serial: diskSerial,
  model: z.string(),
  sizeBytes: z.number().int(),
})
export const nothing = z.null()
