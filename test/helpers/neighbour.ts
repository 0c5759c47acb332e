import { execFile } from 'node:child_process'
import { open, rename, rm, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Random } from './random.ts'

const run = promisify(execFile)
export const neighbourPrefix = 'neighbour-'

/**
 * Somebody else on the same disk, as a network drive's clients are: renames and fsyncs in the same folders, so that
 * Btrfs' log takes up the names that lie there, and commits of all at any moment.
 */
export function startNeighbour(share: string, folders: readonly string[], random: Random) {
  let isStopping = false
  async function work() {
    for (let count = 0; !isStopping; count++) {
      const folder = join(share, random.pick(folders))
      const name = join(folder, `${neighbourPrefix}${count % 8}`)
      await writeFile(`${name}.new`, `neighbour ${count}`)
      await rename(`${name}.new`, name)
      await sync(name)
      if (random.chance(0.2)) await unlink(name)
      await sync(folder)
      if (random.chance(0.05)) await run('btrfs', ['filesystem', 'sync', share])
    }
  }
  const ended = work()
  return {
    async stop() {
      isStopping = true
      await ended
      for (const folder of folders)
        for (let count = 0; count < 8; count++)
          await rm(join(share, folder, `${neighbourPrefix}${count}`), { force: true })
    },
  }
}

async function sync(path: string) {
  const handle = await open(path)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
