import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { ExecutionContext } from 'ava'

const run = promisify(execFile)

/**
 * A Btrfs in which whole machines lie: the practice disks of a running Cairn and its settings. A snapshot of such a
 * folder is what a power cut leaves, at one instant for all disks. All that a disk had taken is in it, flushed or not
 * (the snapshot writes out what the host still holds of the images); what is lost is what the guest still had in its
 * page cache: data without fsync. That a flush within the pool reaches the medium is Btrfs' part, and not tested here.
 */
export interface OuterDisk {
  /** An empty folder for a data folder of Cairn. */
  folder: string
  /** Cuts the power of the machine in `folder`: a copy of it as it was at one instant of this call. */
  cut(folder: string): Promise<string>
  remove(folder: string): Promise<void>
}

export async function createOuterDisk(t: ExecutionContext): Promise<OuterDisk> {
  const base = await mkdtemp('/var/tmp/cairn-outer-')
  t.teardown(() => rm(base, { recursive: true, force: true }))
  const image = join(base, 'outer.img')
  const mount = join(base, 'mount')
  await writeFile(image, '')
  await truncate(image, 8 * 1024 ** 3)
  await run('mkfs.btrfs', ['-q', image])
  await mkdir(mount)
  await run('mount', ['-o', 'loop,ssd,noatime', image, mount])
  t.teardown(() => run('umount', [mount]))
  // mkdtemp's mode would keep the service account out.
  await run('chmod', ['755', base, mount])
  let count = 0
  const next = () => join(mount, `machine-${count++}`)
  const folder = next()
  await run('btrfs', ['subvolume', 'create', folder])
  return {
    folder,
    async cut(of) {
      const copy = next()
      await run('btrfs', ['subvolume', 'snapshot', of, copy])
      return copy
    },
    async remove(old) {
      await run('btrfs', ['subvolume', 'delete', old])
    },
  }
}
