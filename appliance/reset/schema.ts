import { z } from 'zod'
import { diskSerial, poolName, poolUuid } from '../storage/index.ts'

/** What would be reset, and what could be erased along with it. */
export const resetPlan = z.object({
  name: z.string().describe('Of the box: to be typed.'),
  pools: z.array(
    z.object({
      name: poolName.describe('To be typed if it is to be erased.'),
      disks: z.array(
        z.object({
          serial: diskSerial,
          model: z.string(),
          sizeBytes: z.number().int(),
          isHere: z.boolean().describe('One that is away keeps what is on it.'),
        }),
      ),
    }),
  ),
})
export type ResetPlan = z.infer<typeof resetPlan>

export const resetRequest = z.strictObject({
  password: z.string().min(1).max(256).describe('Your own, once more.'),
  confirm: z.string().max(64).describe('The name of the box.'),
  erase: z
    .record(poolName, z.string().max(64))
    .default({})
    .describe('Pools whose disks are erased as well: each name, and what was typed for it.'),
})
export type ResetRequest = z.infer<typeof resetRequest>

export const erasedPool = z.strictObject({
  name: poolName,
  uuid: poolUuid,
  serials: z.array(diskSerial).max(64),
})
export type ErasedPool = z.infer<typeof erasedPool>

/** What a reset that has been decided is to do, whatever happens on the way. */
export const resetMark = z.strictObject({ format: z.literal(1), erase: z.array(erasedPool).max(64) })
export type ResetMark = z.infer<typeof resetMark>
