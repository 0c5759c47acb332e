import {
  closeDescriptor,
  ioctlAside,
  openFlags,
  openFolder,
  syncFilesystemAside,
} from '../../../lib/posix.ts'

// linux/btrfs.h: BTRFS_IOC_GET_SUBVOL_INFO, BTRFS_IOC_START_SYNC, BTRFS_IOC_WAIT_SYNC
const subvolumeInfo = { request: 0x81f8943c, bytes: 504, idAt: 0, uuidAt: 296 }
const startSync = 0x80089418
const waitSync = 0x40089416

export async function withSubvolume<T>(path: string, act: (fd: number) => Promise<T>): Promise<T> {
  const fd = openFolder(path, openFlags.readOnly)
  try {
    return await act(fd)
  } finally {
    closeDescriptor(fd)
  }
}

export async function identityOf(fd: number): Promise<{ id: number; uuid: string }> {
  const info = Buffer.alloc(subvolumeInfo.bytes)
  await ioctlAside(fd, subvolumeInfo.request, info)
  const { idAt, uuidAt } = subvolumeInfo
  return { id: Number(info.readBigUInt64LE(idAt)), uuid: info.toString('hex', uuidAt, uuidAt + 16) }
}

/**
 * A transaction that holds all that was written before. syncfs(2) first: what waits to be written belongs to no
 * transaction yet.
 */
export async function committedTransid(fd: number): Promise<number> {
  await syncFilesystemAside(fd)
  const transid = Buffer.alloc(8)
  await ioctlAside(fd, startSync, transid)
  await ioctlAside(fd, waitSync, transid)
  return Number(transid.readBigUInt64LE(0))
}
