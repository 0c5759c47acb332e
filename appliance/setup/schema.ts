import { z } from 'zod'
import { nfsChange, shareName } from '../shares/index.ts'
import { diskSerial, importRequest, poolRequest } from '../storage/index.ts'
import { hostName } from '../system/index.ts'
import { accountName, displayName, password, role } from '../users/index.ts'

/** What the wizard posts, `--setup FILE` carries, and a file on the boot partition holds. */
export const setupDocument = z.strictObject({
  hostName: hostName.optional(),
  admin: z.strictObject({ name: accountName, displayName: displayName.optional(), password }),
  pool: poolRequest.nullable().default(null),
  import: z
    .array(importRequest)
    .max(64)
    .default([])
    .describe('Pools that lie on the disks already. Accounts named here are given the homes of their names.'),
  erase: z
    .array(diskSerial)
    .default([])
    .describe('Serials of the disks that may be erased although they hold something.'),
  shares: z
    .array(
      z.strictObject({
        name: shareName,
        everyone: z.enum(['none', 'read', 'write']).default('write'),
        nfs: nfsChange.optional().describe('Machines that may mount it by NFS.'),
      }),
    )
    .default([]),
  users: z
    .array(
      z.strictObject({
        name: accountName,
        displayName: displayName.optional(),
        password,
        role: role.default('member'),
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
