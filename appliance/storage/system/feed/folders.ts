import { readlinkSync } from 'node:fs'
import {
  closeDescriptor,
  FileStatus,
  ioctl,
  openByHandle,
  openFlags,
  openFolder,
  readStatus,
} from '../../../lib/posix.ts'
import { type FileHandle, fanotifyMask } from '../../parse/fanotify.ts'
import { nameOf } from '../../parse/kernel-bytes.ts'
import { isFollowedFolder, isOwnName } from '../../plan/followed.ts'
import type { ChangedFolder, ChangedName, ChangeKind } from '../../schema.ts'
import { refsInAnswer, refsRequest } from '../changes/refs.ts'
import { type Batch, type FolderNews, movedFrom, movedTo, type NameNews } from './batch.ts'

/**
 * Where the folders of a batch are by now. Those that nobody follows are left out, and so are those that are gone:
 * their own name, in the folder that they were in, tells it. The pool is held open no longer than this takes, since
 * meanwhile it could not be unmounted.
 */
export function settleBatch(place: string, batch: Batch): ChangedFolder[] {
  const top = openFolder(place, openFlags.readOnly)
  try {
    addNameless(top, batch)
    const prefix = `${readlinkSync(`/proc/self/fd/${top}`)}/`
    const settled = [...batch.folders.values()].map(news => settleFolder(top, prefix, news))
    return settled.filter(folder => folder !== undefined)
  } finally {
    closeDescriptor(top)
  }
}

function settleFolder(top: number, prefix: string, { folder, names }: FolderNews): ChangedFolder | undefined {
  const found = withFile(top, folder, openFlags.path, fd => pathOf(fd, prefix))
  if (!found || (found.path !== null && !isFollowedFolder(found.path))) return undefined
  const { path } = found
  const wanted = [...names.values()].filter(({ name }) => path === null || !isOwnName(path, name))
  if (wanted.length === 0) return undefined
  return { subvolume: folder.subvolume, inode: folder.inode, path, names: wanted.map(asChangedName) }
}

const gone = ' (deleted)'
const status = new FileStatus()

/** Undefined for a folder that is gone though somebody still has it open. The path is null where it is not UTF-8. */
function pathOf(fd: number, prefix: string): { path: string | null } | undefined {
  const bytes = readlinkSync(`/proc/self/fd/${fd}`, 'buffer')
  const path = nameOf(bytes, 0, bytes.length)
  if (path?.endsWith(gone) && readStatus(fd, '', status) && status.links === 0) return undefined
  if (path === null) return { path }
  // Without the prefix it is the top level itself, or below a mount that hides it.
  return { path: path.startsWith(prefix) ? path.slice(prefix.length) : '' }
}

function addNameless(top: number, batch: Batch) {
  for (const { object, news } of batch.nameless.values())
    for (const { parent, name } of refsOf(top, object) ?? [])
      batch.addNews({ subvolume: object.subvolume, inode: parent, generation: 0 }, { ...news, name })
}

/** Only of plain files: to open a device or a pipe may do something. */
function refsOf(top: number, object: FileHandle) {
  const isFile = withFile(
    top,
    object,
    openFlags.path,
    fd => readStatus(fd, '', status) && status.kind === 'file',
  )
  if (!isFile) return undefined
  return withFile(top, object, openFlags.readOnly | openFlags.nonBlock, fd => {
    const request = refsRequest(object.inode)
    // Its metadata was changed a moment ago, so it is in memory.
    ioctl(fd, request.code, request.bytes)
    return refsInAnswer(request.bytes)
  })
}

function withFile<T>(top: number, file: FileHandle, flags: number, act: (fd: number) => T): T | undefined {
  const fd = openByHandle(top, handleBytes(file), flags)
  if (fd === undefined) return undefined
  try {
    return act(fd)
  } finally {
    closeDescriptor(fd)
  }
}

// FILEID_BTRFS_WITHOUT_PARENT: inode, subvolume, generation
const handleType = 0x4d
const handle = Buffer.alloc(28)

function handleBytes({ inode, subvolume, generation }: FileHandle): Buffer {
  handle.writeUInt32LE(20, 0)
  handle.writeUInt32LE(handleType, 4)
  handle.writeBigUInt64LE(BigInt(inode), 8)
  handle.writeBigUInt64LE(BigInt(subvolume), 16)
  handle.writeUInt32LE(generation, 24)
  return handle
}

const kindBits: [ChangeKind, number][] = [
  ['create', fanotifyMask.create],
  ['delete', fanotifyMask.delete],
  ['write', fanotifyMask.write],
  ['attributes', fanotifyMask.attributes],
  ['moved-from', movedFrom],
  ['moved-to', movedTo],
]

function asChangedName({ name, inode, mask, pids }: NameNews): ChangedName {
  const kinds = kindBits.filter(([, bit]) => mask & bit).map(([kind]) => kind)
  return { name, inode, isFolder: (mask & fanotifyMask.folder) !== 0, kinds, pids }
}
