import { chmod, chown, lstat, mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import { type Config, serviceUid } from '../appliance/config.ts'
import { errnoOf, Failure } from '../appliance/lib/failure.ts'

type Places = Pick<Config, 'dataDir' | 'poolsDir' | 'practice' | 'samba' | 'nfs' | 'databasePath' | 'isRoot'>

/**
 * Makes the data folder. As root it is root's, with the sticky bit: the service account keeps its settings in it, but
 * can neither move what the agent works in (pools, disks, what Samba, the NFS server and the tuning keep) nor put something
 * else in its place.
 */
export async function makeDataFolder(config: Places): Promise<void> {
  const { dataDir, poolsDir, practice, samba, nfs, databasePath, isRoot } = config
  await mkdir(dataDir, { recursive: true })
  if (!isRoot) return
  await chown(dataDir, 0, serviceUid)
  await chmod(dataDir, 0o1771)
  await makeForRoot(poolsDir, 0o711)
  await makeForRoot(practice.folder, 0o700)
  await makeForRoot(samba.folder, 0o700)
  await makeForRoot(nfs.folder, 0o700)
  await makeForRoot(join(dataDir, 'tuning'), 0o700)
  await handOver(databasePath)
}

async function makeForRoot(folder: string, mode: number) {
  const status = (await statusOf(folder)) ?? (await mkdir(folder, { mode }).then(() => statusOf(folder)))
  if (status?.isDirectory() && status.uid === 0) return
  const message = `${folder} is no folder that belongs to root, so Cairn does not work in it. Move it away, then start Cairn again.`
  throw new Failure('conflict', 'start/foreign-folder', message)
}

/** A copy from a backup that root put there; never a second name of some other file. */
async function handOver(path: string) {
  const status = await statusOf(path)
  if (status?.uid !== 0 || !status.isFile() || status.nlink !== 1) return
  await using file = await open(path, 'r')
  await file.chown(serviceUid, serviceUid)
}

async function statusOf(path: string) {
  try {
    return await lstat(path)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
}
