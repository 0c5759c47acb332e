import { z } from 'zod'

export const poolName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,30}$/, 'small letters, digits and hyphens, beginning with a letter')
export const diskSerial = z.string().min(1).max(200)
export const poolUuid = z.uuid()

/** What Btrfs calls them; `folder` is a pool without disks of its own, where there is no root. */
export const creatableProfile = z.enum(['single', 'raid1', 'raid1c3', 'raid1c4', 'raid10', 'raid5', 'raid6'])
export const poolProfile = z.enum([...creatableProfile.options, 'folder'])
export type CreatableProfile = z.infer<typeof creatableProfile>
export type PoolProfile = z.infer<typeof poolProfile>

export const subvolumeKind = z.enum(['shares', 'homes'])
export type SubvolumeKind = z.infer<typeof subvolumeKind>

/** One name in a folder that Cairn makes itself: never hidden, never a path. */
export const subvolumeName = z
  .string()
  .min(1)
  .max(64)
  .refine(name => !/[/\0]/.test(name) && !name.startsWith('.') && !name.startsWith('@'), 'not a usable name')

export const snapshotId = z.string().regex(/^@GMT-\d{4}\.\d{2}\.\d{2}-\d{2}\.\d{2}\.\d{2}$/, 'not a snapshot')

export const diskState = z.enum(['ok', 'failing', 'away'])
export const diskUse = z.enum(['free', 'pool', 'system', 'mounted', 'foreign'])

export const disk = z.object({
  serial: diskSerial,
  path: z.string(),
  model: z.string(),
  sizeBytes: z.number().int().nonnegative(),
  bus: z.string(),
  isRotational: z.boolean(),
  isPractice: z.boolean(),
  state: diskState,
  use: diskUse,
  pool: z.string().nullable(),
  contents: z.string().describe('In words: `Empty`, `ext4 "backup"`.'),
  isOffered: z.boolean().describe('Whether a pool may be made of it.'),
  reason: z.string().nullable().describe('Why it is not offered.'),
})
export type Disk = z.infer<typeof disk>

export const poolState = z.enum(['healthy', 'degraded', 'missing', 'readonly'])
export type PoolState = z.infer<typeof poolState>

export const poolDisk = z.object({
  serial: diskSerial,
  model: z.string(),
  sizeBytes: z.number().int().nonnegative(),
  state: z.enum(['ok', 'missing', 'failing']),
  errors: z
    .number()
    .int()
    .nonnegative()
    .describe('Failed reads, writes and checksums since the last clean scrub.'),
})
export type PoolDisk = z.infer<typeof poolDisk>

export const pool = z.object({
  name: poolName,
  state: poolState,
  profile: poolProfile,
  usableBytes: z.number().int().nonnegative(),
  usedBytes: z.number().int().nonnegative(),
  freeBytes: z.number().int().nonnegative(),
  lossesSurvived: z.number().int().nonnegative().describe('How many more disks may be lost now.'),
  disks: z.array(poolDisk),
  isScrubbing: z.boolean(),
  isReplacing: z.boolean(),
  hasUnprotectedData: z
    .boolean()
    .describe('Some of it was written with a disk missing and has one copy only.'),
})
export type Pool = z.infer<typeof pool>

export const optionsRequest = z.strictObject({ disks: z.array(diskSerial).max(64) })

export const poolOption = z.object({
  profile: poolProfile,
  usableBytes: z.number().int().nonnegative(),
  lossesSurvived: z.number().int().nonnegative(),
  minimumDisks: z.number().int().nonnegative(),
  isPossible: z.boolean(),
  explanation: z.string(),
  isAdvanced: z.boolean(),
})
export type PoolOption = z.infer<typeof poolOption>

export const poolRequest = z.strictObject({
  name: poolName,
  profile: creatableProfile,
  disks: z.array(diskSerial).min(1).max(64),
  isAdvanced: z.boolean().optional().describe('Allows the profiles that are marked as unsafe.'),
})
export type PoolRequest = z.infer<typeof poolRequest>

export const confirmation = z.object({
  serial: diskSerial,
  model: z.string(),
  contents: z.string(),
  type: z.string().describe('What has to be typed to let this disk be erased.'),
})
export type Confirmation = z.infer<typeof confirmation>

export const poolPlan = z.object({
  fingerprint: z.string(),
  name: poolName,
  profile: creatableProfile,
  usableBytes: z.number().int().nonnegative(),
  lossesSurvived: z.number().int().nonnegative(),
  steps: z.array(z.object({ title: z.string(), detail: z.string(), isDestructive: z.boolean() })),
  confirmations: z.array(confirmation),
  warnings: z.array(z.string()),
})
export type PoolPlan = z.infer<typeof poolPlan>

/** Serial to what was typed for it. */
export const confirmed = z.record(diskSerial, z.string().max(200))

export const createPoolRequest = poolRequest.extend({
  fingerprint: z.string().max(100).optional(),
  confirm: confirmed.default({}),
})
export type CreatePoolRequest = z.input<typeof createPoolRequest>

/** A pool that lies on disks of this box, and that this box does not know yet. */
export const foundPool = z.object({
  uuid: poolUuid,
  name: z.string().describe('What it was called where it was made.'),
  profile: poolProfile,
  disks: z.array(z.object({ serial: diskSerial, model: z.string(), sizeBytes: z.number().int() })),
  missingDisks: z.number().int().nonnegative().describe('How many of its disks are not here.'),
  shares: z.array(z.string()),
  homes: z.array(z.string()),
})
export type FoundPool = z.infer<typeof foundPool>

export const importRequest = z.strictObject({
  uuid: poolUuid,
  name: poolName.optional().describe('What it is called here; absent: as it was.'),
})
export type ImportRequest = z.infer<typeof importRequest>

/** What lies on the pool and could not be taken over. It stays as it is. */
export const leftBehind = z.object({
  kind: subvolumeKind,
  name: z.string(),
  problem: z.string(),
})
export type LeftBehind = z.infer<typeof leftBehind>

export const importedPool = z.object({
  name: poolName,
  shares: z.array(z.string()),
  homes: z.array(z.string()),
  left: z.array(leftBehind),
})
export type ImportedPool = z.infer<typeof importedPool>

export const replaceRequest = z.strictObject({
  from: diskSerial,
  to: diskSerial,
  confirm: confirmed.default({}),
})
export type ReplaceRequest = z.input<typeof replaceRequest>

export const jobStarted = z.object({ job: z.string() })

export const snapshot = z.object({
  id: snapshotId,
  createdAt: z.iso.datetime(),
  label: z.string().nullable(),
})
export type Snapshot = z.infer<typeof snapshot>

// What the agent tells about the machine, before anybody has judged it.

/** A signature that wipefs(8) found on a disk or on one of its partitions. */
export const signature = z.object({
  device: z.string(),
  type: z.string(),
  uuid: z.string().nullable(),
  label: z.string().nullable(),
})
export type Signature = z.infer<typeof signature>

export const diskFacts = z.object({
  serial: diskSerial,
  path: z.string(),
  kname: z.string(),
  model: z.string(),
  sizeBytes: z.number().int().nonnegative(),
  bus: z.string(),
  isRotational: z.boolean(),
  isPractice: z.boolean(),
  isReadOnly: z.boolean(),
  isAway: z.boolean(),
  mountpoints: z.array(z.string()).describe('Of the disk and everything on it; `[SWAP]` for swap.'),
  holders: z.array(z.string()).describe('What is built on it: RAID, LVM, encryption.'),
  mountedUuid: z.string().nullable().describe('The mounted Btrfs that it is a member of.'),
  partitions: z.number().int().nonnegative(),
  signatures: z.array(signature),
})
export type DiskFacts = z.infer<typeof diskFacts>

export const errorCounts = z.object({
  write: z.number().int(),
  read: z.number().int(),
  flush: z.number().int(),
  corruption: z.number().int(),
  generation: z.number().int(),
})
export type ErrorCounts = z.infer<typeof errorCounts>

export const memberFacts = z.object({
  devid: z.number().int(),
  path: z.string().nullable(),
  sizeBytes: z.number().int(),
  allocatedBytes: z.number().int(),
  isMissing: z.boolean().describe('The filesystem runs without it.'),
  isGone: z.boolean().describe('The filesystem still counts on it, but the device does not answer.'),
  errors: errorCounts,
})
export type MemberFacts = z.infer<typeof memberFacts>

export const chunkUse = z.object({
  use: z.enum(['data', 'metadata', 'system']),
  profile: z.string(),
  totalBytes: z.number().int(),
  usedBytes: z.number().int(),
})
export type ChunkUse = z.infer<typeof chunkUse>

export const poolActivity = z.enum(['none', 'scrub', 'replace', 'balance'])
export type PoolActivity = z.infer<typeof poolActivity>

export const poolFacts = z.object({
  isMounted: z.boolean(),
  isReadOnly: z.boolean(),
  activity: poolActivity,
  members: z.array(memberFacts),
  chunks: z.array(chunkUse),
  /** Of a plain folder, which has neither members nor chunks. */
  space: z.object({ totalBytes: z.number(), freeBytes: z.number() }).nullable(),
})
export type PoolFacts = z.infer<typeof poolFacts>

// What has changed in a pool: as it happens, and since a mark.

/** A point in the history of a subvolume. Of another subvolume, or another timeline, it means nothing. */
export const changeMark = z.object({ uuid: z.string().max(40), transid: z.number().int().nonnegative() })
export type ChangeMark = z.infer<typeof changeMark>

/** One name of a file, in the folder with this inode. */
export const fileLink = z.object({
  parent: z.number().int(),
  folder: z
    .string()
    .nullable()
    .describe('Path of the folder in the subvolume, empty for its top; null: unknown.'),
  name: z.string().nullable().describe('Null: it is not UTF-8.'),
})
export type FileLink = z.infer<typeof fileLink>

export const changedEntry = z.object({
  inode: z.number().int(),
  kind: z
    .enum(['file', 'folder', 'other'])
    .describe('A folder: list it again. Only so can be seen what has gone.'),
  isNew: z.boolean().describe('Made after the mark.'),
  isWritten: z
    .boolean()
    .describe('Of a file: its content may have changed, and not only what is said about it.'),
  links: z.array(fileLink).describe('All its names; none for the top of the subvolume.'),
  sizeBytes: z.number(),
  uid: z.number().int(),
  gid: z.number().int(),
  mode: z.number().int(),
  modifiedSeconds: z.number(),
  modifiedNanoseconds: z.number(),
  changedSeconds: z.number(),
  changedNanoseconds: z.number(),
})
export type ChangedEntry = z.infer<typeof changedEntry>

export const changesCursor = z.object({
  since: z.number().int().nonnegative(),
  mark: changeMark,
  inode: z.number().int().nonnegative(),
})

export const changesPage = z.object({
  subvolumeId: z.number().int(),
  isFull: z
    .boolean()
    .describe('The mark was of no use: the pages list all there is, and what they lack is gone.'),
  mark: changeMark.describe('To be kept when all pages are taken in.'),
  entries: z.array(changedEntry),
  next: changesCursor.nullable(),
})
export type ChangesPage = z.infer<typeof changesPage>

export const changeKind = z.enum(['create', 'delete', 'write', 'attributes', 'moved-from', 'moved-to'])
export type ChangeKind = z.infer<typeof changeKind>

/** Something happened at this name; look what is there now. */
export const changedName = z.object({
  name: z.string().nullable().describe('`.`: the folder itself. Null: not UTF-8.'),
  inode: z
    .number()
    .int()
    .nullable()
    .describe('Of what it happened to, which may be gone or elsewhere by now.'),
  isFolder: z.boolean(),
  kinds: z.array(changeKind),
  pids: z.array(z.number().int()).describe('Of the processes that did it.'),
})
export type ChangedName = z.infer<typeof changedName>

export const changedFolder = z.object({
  subvolume: z.number().int().describe('Id of the subvolume that the folder is in.'),
  inode: z.number().int(),
  path: z.string().nullable().describe('In the pool, a moment ago: `shares/media/a`. Null: not UTF-8.'),
  names: z.array(changedName),
})
export type ChangedFolder = z.infer<typeof changedFolder>

const feedPosition = { pool: poolName, epoch: z.string().max(40), number: z.number().int().nonnegative() }
export const feedMark = z.strictObject(feedPosition)
export type FeedMark = z.infer<typeof feedMark>

/** Numbers rise within an epoch; `changes` and `gap` are to be acknowledged. */
export const feedMessage = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('changes'), ...feedPosition, folders: z.array(changedFolder) }),
  z.object({
    kind: z.literal('gap'),
    ...feedPosition,
    reason: z.enum(['start', 'slow', 'overflow']),
  }),
  z.object({ kind: z.literal('alive'), ...feedPosition, isProven: z.boolean() }),
  z.object({ kind: z.literal('gone'), ...feedPosition }),
])
export type FeedMessage = z.infer<typeof feedMessage>
