import { z } from 'zod'
import { diskSerial, poolRequest } from '../storage/index.ts'
import { hostName } from '../system/index.ts'

const accountName = z
  .string()
  .regex(/^[a-z_][a-z0-9_.-]{0,31}$/, 'small letters, digits and . _ -, beginning with a letter')
const password = z.string().min(8, 'at least 8 characters').max(256)

/** What the wizard posts, `--setup FILE` carries, and a file on the boot partition holds. */
export const setupDocument = z.strictObject({
  hostName: hostName.optional(),
  admin: z.strictObject({ name: accountName, displayName: z.string().min(1).max(100).optional(), password }),
  pool: poolRequest.nullable().default(null),
  erase: z
    .array(diskSerial)
    .default([])
    .describe('Serials of the disks that may be erased although they hold something.'),
  shares: z
    .array(
      z.strictObject({
        name: z.string().min(1).max(64),
        everyone: z.enum(['none', 'read', 'write']).default('write'),
      }),
    )
    .default([]),
  users: z
    .array(
      z.strictObject({
        name: accountName,
        displayName: z.string().min(1).max(100).optional(),
        password,
        role: z.enum(['admin', 'member']).default('member'),
      }),
    )
    .default([]),
})

export type SetupDocument = z.infer<typeof setupDocument>

export const setupState = z.object({
  isClaimed: z.boolean(),
  isUnlocked: z.boolean(),
  isPractice: z.boolean(),
  hostName: z.string(),
  draft: z.record(z.string(), z.unknown()).nullable(),
})

export const setupProblem = z.object({ field: z.string(), message: z.string() })
export type SetupProblem = z.infer<typeof setupProblem>
