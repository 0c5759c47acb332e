import { z } from 'zod'
import type { Actor, Face } from '../http/route.ts'
import type { Volume } from '../shares/index.ts'
import type { ChecksumAlgorithm, Checksums } from './parse/checksums.ts'
import type { ProgressListener } from './service/copying.ts'

export type { Volume } from '../shares/index.ts'

/** As much of an actor as decides what they see and may do; the rest goes into the journal. */
export type Person = Pick<Actor, 'user' | 'role'> &
  Partial<Pick<Actor, 'device' | 'deviceName' | 'face' | 'address'>>

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
  /** Told after each file that is copied, as all are on their way to another volume. */
  onProgress?: ProgressListener
  /** Holds what came from another volume with its ids as arriving: to be disposed of once the index has been told. */
  arriving?: DisposableStack
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

/** In the order of their numbers in the journal's file, which is a format: only ever added to at the end. */
export const journalWhats = [
  'create',
  'write',
  'make-folder',
  'move',
  'copy',
  'delete',
  'restore',
  'touch',
] as const
export const journalWhat = z.enum(journalWhats)
export type JournalWhat = z.infer<typeof journalWhat>

export function numberOfWhat(what: JournalWhat): number {
  return journalWhats.indexOf(what) + 1
}

/** Who changed something, and from where; `null` is unknown. */
export interface Origin {
  actor: string | null
  /** Tells one device from another: `app-password:ID`, `session:ID`, `password`, `smb:MACHINE`. */
  device: string | null
  /** What people call it. */
  deviceName: string | null
  address: string | null
  face: Face
}

/** One change. A folder that is moved, copied, deleted or restored is one, whatever is below it. */
export interface JournalEntry extends Origin, Location {
  /** The one that the volume is on. */
  pool: string
  /** Absent: now. */
  atMs?: number
  what: JournalWhat
  fileId: number | null
  kind: 'file' | 'folder' | null
  /** Of a move or copy: where it was. */
  from?: Location & { pool: string }
  /** After the change; of what was deleted, before it. */
  sizeBytes: number | null
  etag: string | null
}

export const journalReply = z.object({
  entries: z.array(
    z.object({
      at: z.iso.datetime(),
      actor: z.string().nullable(),
      device: z.string().nullable(),
      deviceName: z.string().nullable(),
      address: z.string().nullable(),
      face: z.enum(['web', 'rest', 'webdav', 'smb', 'nfs', 'box']),
      what: z.enum([...journalWhats, 'other']).describe('`other`: written by a newer version.'),
      kind: z.enum(['file', 'folder']).nullable(),
      id: z.number().nullable(),
      volume: z.string().nullable().describe('`share:NAME` or `home:USER`; null: it is not yours to see.'),
      path: z.string().nullable().describe('In the volume.'),
      treePath: z.string().nullable().describe('Where it lies among your own files.'),
      fromVolume: z.string().nullable(),
      fromPath: z.string().nullable().describe('Where it was before a move, or what was copied.'),
      size: z.number().nullable(),
      etag: z.string().nullable(),
    }),
  ),
  next: z.string().nullable().describe('For `cursor`. A page may be short, even empty, and not be the last.'),
})
