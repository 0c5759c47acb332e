import { z } from 'zod'
import type { Actor } from '../http/route.ts'
import type { Volume } from '../shares/index.ts'
import type { ChecksumAlgorithm, Checksums } from './parse/checksums.ts'

export type { Volume } from '../shares/index.ts'

/** As much of an actor as decides what they see and may do. */
export type Person = Pick<Actor, 'user' | 'role'> & Partial<Pick<Actor, 'device' | 'face'>>

/** The one place that answers who may do what; `shares` is it. */
export interface Volumes {
  volumes(person: Person): Volume[]
  volume(person: Person, name: string): Volume | undefined
  home(person: Person): Volume | undefined
}

/** What snapshots hold; `name` is that of a share, or the person's own for the home. `shares` is it. */
export interface SnapshotFiles {
  /** The oldest first. */
  list(person: Person, name: string): Promise<{ id: string; createdAt: string; label: string | null }[]>
  /** Whoever gets it closes `fd`. */
  open(person: Person, name: string, id: string, path: string): { fd: number }
}

export interface Entry {
  name: string
  kind: 'file' | 'folder'
  /** Undefined where it has none and cannot be given one: the pool is away or read-only. */
  id: number | undefined
  /** Without quotes; of a folder, another one whenever anything below it changes. Undefined where the pool is away. */
  etag: string | undefined
  /** Bytes; of a folder, of all that lies below it. */
  size: number
  modifiedAtMs: number
  createdAtMs: number | undefined
  right: 'read' | 'write'
  /** The top of a share or home, which cannot be moved or removed here. */
  isVolumeRoot: boolean
  isAvailable: boolean
  volume: 'home' | 'share'
  /** `SHA1:… MD5:…`, where that is known without a look at the file. */
  checksums?: string | undefined
}

/** Checked again at the very moment of the change, with what is there then; throws to refuse it. */
export type Precondition = (current: Entry | undefined) => void

export interface ChangeOptions {
  precondition?: Precondition
  /** Awaited just before the change, after a body of any length has arrived; throws to refuse it. */
  beforeCommit?: () => Promise<void>
}

export interface WriteOptions extends ChangeOptions {
  modifiedAtMs?: number
  /** What the sender announced; a body of another length is refused. */
  expectedSize?: number
  /** Verified before the content takes its place, and kept with it. */
  expectedChecksums?: Checksums
  /** Besides those expected and SHA1, which is always computed. */
  wantedChecksums?: readonly ChecksumAlgorithm[]
  /** Awaited before the body is read, with what is there now; throws to refuse it. */
  beforeBody?: (current: Entry | undefined) => Promise<void>
}

export interface RemoveOptions extends ChangeOptions {
  /** Past the trash. */
  isForGood?: boolean
}

export interface PlaceOptions extends ChangeOptions {
  overwrite: boolean
}

/** Where a virtual path really lies: the same for everybody who sees it. */
export interface Location {
  /** `share:NAME` or `home:USER`. */
  volume: string
  path: readonly string[]
}

export const entryReply = z.object({
  name: z.string(),
  kind: z.enum(['file', 'folder']),
  size: z.number().nullable(),
  modifiedAt: z.iso.datetime(),
  id: z.number().nullable(),
  etag: z.string().nullable(),
  isShare: z.boolean(),
  isAvailable: z.boolean(),
})

export const listingReply = z.object({
  path: z.string(),
  right: z.enum(['read', 'write']),
  entries: z.array(entryReply),
  next: z.string().nullable(),
})
