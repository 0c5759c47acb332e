import { execFile } from 'node:child_process'
import { copyFile, mkdir, open, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import type { ExecutionContext } from 'ava'
import type { Volume } from '../../appliance/files/schema.ts'
import { createEntries } from '../../appliance/files/service/entries.ts'
import { createSyncQueue } from '../../appliance/files/service/sync-queue.ts'
import { createReplacing, createWriting } from '../../appliance/files/service/writing.ts'
import { dataFolder } from '../helpers/cairn.ts'
import { testIf } from '../helpers/needs.ts'

const run = promisify(execFile)
const withBtrfs = testIf('root', 'btrfs')

async function mountCopy(t: ExecutionContext, image: string, mount: string) {
  await run('mount', ['-o', 'loop,ssd,noatime', image, mount])
  const unmount = () => run('umount', [mount])
  let isMounted = true
  t.teardown(async () => {
    if (isMounted) await unmount()
  })
  return async () => {
    await unmount()
    isMounted = false
  }
}

/** What somebody else does in the same folder that makes Btrfs' log take up all names in it. */
const neighbours: Record<string, (folder: string) => Promise<void>> = {
  'fsyncs the folder': folder => sync(folder),
  'renames an old file and fsyncs it': async folder => {
    await rename(join(folder, 'old'), join(folder, 'older'))
    await sync(join(folder, 'older'))
  },
}

async function sync(path: string) {
  const handle = await open(path)
  await handle.sync()
  await handle.close()
}

for (const [what, disturb] of Object.entries(neighbours))
  withBtrfs(
    `a neighbour ${what} right after an upload was renamed, and the power fails: the upload is whole`,
    async t => {
      const base = await dataFolder(t)
      const [image, copy, mount] = [join(base, 'disk.img'), join(base, 'copy.img'), join(base, 'mount')]
      await writeFile(image, '')
      await truncate(image, 512 * 1024 * 1024)
      await run('mkfs.btrfs', ['-q', image])
      await mkdir(mount)
      const unmount = await mountCopy(t, image, mount)
      const folder = join(mount, 'folder')
      await mkdir(folder)
      for (const name of ['old', 'replaced.bin']) await writeFile(join(folder, name), 'old')
      await run('btrfs', ['filesystem', 'sync', mount])

      // The queue through which the order goes: its second turn is the moment after the rename.
      const queue = createSyncQueue()
      let turn = 0
      const cutting = {
        async sync(fd: number) {
          turn += 1
          if (turn === 4) {
            await disturb(folder)
            await copyFile(image, copy)
          }
          return queue.sync(fd)
        },
      }
      const write = createWriting(
        createReplacing({ entries: createEntries(), sync: cutting, onKept: () => undefined }),
      )
      const contents = new Map([
        ['new.bin', Buffer.alloc(9000, 'n')],
        ['replaced.bin', Buffer.alloc(9000, 'r')],
      ])
      for (const [name, content] of contents)
        await write({ volume: volumeAt(mount), path: ['folder', name] }, Readable.from([content]))
      t.is(turn, 4)

      await unmount()
      await rm(image)
      await mountCopy(t, copy, mount)
      for (const [name, content] of contents) t.deepEqual(await readFile(join(folder, name)), content)
    },
  )

function volumeAt(path: string): Volume {
  return {
    kind: 'share',
    name: 'share',
    pool: 'pool',
    path,
    right: 'write',
    isAvailable: true,
    isReadOnly: false,
  }
}
