import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { errnoOf, Failure } from '../../lib/failure.ts'
import { serviceUid } from '../../lib/service-account.ts'

/** Settings are some hundred kilobytes. */
const mostBytes = 1024 ** 3

/**
 * The settings of before the last update (docs/image.md, "Updates"). What is in them is read and amended by a server: root
 * moves them only, as bytes.
 */
export function createEarlier({ dataDir, state }: { dataDir: string; state: string }) {
  const before = join(state, 'before')
  const returning = join(state, 'return')
  const isRoot = process.getuid?.() === 0

  /** New in a folder of root's, whatever somebody has put there; never through a link. */
  async function copyTo(path: string, from: FileHandle) {
    const fresh = `${path}.new`
    await rm(fresh, { recursive: true, force: true })
    {
      await using file = await open(fresh, 'wx', 0o600)
      await file.writeFile(await from.readFile())
      if (isRoot) await file.chown(serviceUid, serviceUid)
      await file.sync()
    }
    await rename(fresh, path)
  }

  async function copyIfThere(from: string, to: string) {
    try {
      await using file = await openPlain(from)
      await copyTo(to, file)
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error
      await rm(to, { force: true })
    }
  }

  return {
    async version(): Promise<string | null> {
      try {
        return (await readFile(join(before, 'version'), 'utf8')).trim() || null
      } catch (error) {
        if (errnoOf(error) === 'ENOENT') return null
        throw error
      }
    },
    /** A copy that the servers may open and write. */
    async lend(name: string) {
      for (const ending of ['-wal', ''])
        await copyIfThere(join(before, `cairn.db${ending}`), join(dataDir, `${name}${ending}`))
    },
    /** What a server has made of it lies ready for that version (overlays/common/usr/lib/cairn/trial). */
    async take(version: string, name: string) {
      const making = `${returning}.new`
      await rm(making, { recursive: true, force: true })
      await rm(returning, { recursive: true, force: true })
      await mkdir(making, { mode: 0o700 })
      {
        await using file = await openPlain(join(dataDir, name))
        await copyTo(join(making, 'cairn.db'), file)
        await using note = await open(join(making, 'version'), 'wx', 0o600)
        await note.writeFile(`${version}\n`)
        await note.sync()
      }
      await sync(making)
      await rename(making, returning)
      await sync(state)
    },
    async drop() {
      await rm(returning, { recursive: true, force: true })
      await sync(state)
    },
  }
}

async function openPlain(path: string): Promise<FileHandle> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  const status = await file.stat()
  if (status.isFile() && status.nlink === 1 && status.size <= mostBytes) return file
  await file.close()
  throw new Failure('conflict', 'updates/no-settings', `${path} holds no settings.`)
}

async function sync(path: string) {
  await using folder = await open(path)
  await folder.sync()
}
