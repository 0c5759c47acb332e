import { lstat, mkdir, readdir, readFile, rmdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Failure } from '../../../lib/failure.ts'
import { parseMountinfo } from '../../../lib/mountinfo.ts'
import { run } from '../../../lib/run.ts'
import { isFolder, orIfMissing } from '../places.ts'

export interface Bind {
  number: number
  /** The folder that is shown. */
  source: string
}

/**
 * Nothing that a client puts there is ever run or opened as a device on this box. And no link in it leads root anywhere:
 * with `--no-canonicalize` it is the kernel alone that walks the path.
 */
const options = 'remount,bind,nosuid,nodev,noexec,nosymfollow'

/**
 * The exported folders as mounts of their own: ganesha serves a subvolume only where it is mounted. Over each `.cairn`
 * lies an empty folder of root's, so that trash and versions are nobody's who mounts a share.
 */
export function createBinds(folder: string) {
  const hidden = join(folder, 'hidden')
  const pathOf = (number: number) => join(folder, 'exports', String(number))

  async function bind(each: Bind) {
    try {
      await bindAll(each)
    } catch (error) {
      await release(each.number)
      throw error
    }
  }

  async function bindAll({ number, source }: Bind) {
    const path = pathOf(number)
    await mkdir(path, { recursive: true, mode: 0o755 })
    await mkdir(hidden, { recursive: true, mode: 0o700 })
    await run(['mount', '--bind', source, path])
    await run(['mount', '-o', options, path])
    // Else a mount over it would show in every other view of this folder too.
    await run(['mount', '--make-private', path])
    const own = join(path, '.cairn')
    if (await isFolder(own)) await run(['mount', '--no-canonicalize', '--bind', hidden, own])
    else if ((await orIfMissing(lstat(own), undefined)) !== undefined)
      throw new Failure('conflict', 'shares/nfs-not-shown', `${source}/.cairn is no folder.`)
    if (!(await isBound({ number, source }))) throw new Error(`${path} is not mounted as it should be`)
  }

  /** With all that belongs to it, and of the subvolume that is there by now. */
  async function isBound({ number, source }: Bind): Promise<boolean> {
    const path = pathOf(number)
    const mounts = await mountsBelow(path)
    if (mounts[0] !== path || mounts.length > 2) return false
    const [shown, there] = await Promise.all([stat(path), stat(source)])
    if (shown.dev !== there.dev || shown.ino !== there.ino) return false
    const own = await orIfMissing(lstat(join(path, '.cairn')), undefined)
    return mounts.length === 2 ? own?.dev === (await stat(hidden)).dev : own === undefined
  }

  /** Lazily where somebody is still in it: what is exported no more shall not keep a pool busy. */
  async function release(number: number) {
    const path = pathOf(number)
    for (const place of (await mountsBelow(path)).reverse()) {
      const { code } = await run(['umount', place], { expected: [32] })
      if (code !== 0) await run(['umount', '--lazy', place], { expected: [32] })
    }
    await orIfMissing(rmdir(path), undefined)
  }

  const numbers = async () =>
    (await orIfMissing(readdir(join(folder, 'exports')), [])).map(Number).filter(Number.isInteger)

  return {
    pathOf,
    numbers,
    isBound,
    bind,
    release,
    /** Also what an agent that was killed has left. */
    async clear() {
      for (const number of await numbers()) await release(number)
      // Never what is in them: were something still mounted there, it would be somebody's files.
      for (const empty of [join(folder, 'exports'), hidden]) await orIfMissing(rmdir(empty), undefined)
    },
  }
}

/** In the order in which they were mounted, of which a place may have several. */
async function mountsBelow(path: string): Promise<string[]> {
  const places = parseMountinfo(await readFile('/proc/self/mountinfo', 'utf8')).map(({ place }) => place)
  return places.filter(place => place === path || place.startsWith(`${path}/`))
}
