import { lstat, mkdir, readdir, readFile, rmdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { errnoOf, Failure } from '../../../lib/failure.ts'
import { parseMountinfo } from '../../../lib/mountinfo.ts'
import { run } from '../../../lib/run.ts'
import { isFolder, orIfMissing } from '../places.ts'

export interface Bind {
  /** How clients call it, which is also where it lies below the exports. */
  pseudo: string
  /** The folder that is shown. */
  source: string
}

/**
 * Nothing that a client puts there is ever run or opened as a device on this box. And no link in it leads root anywhere:
 * with `--no-canonicalize` it is the kernel alone that walks the path.
 */
const options = 'remount,bind,nosuid,nodev,noexec,nosymfollow'

/**
 * The exported folders as mounts of their own: ganesha serves a subvolume only where it is mounted, and the kernel calls an
 * export by where it is. Over each `.cairn` lies an empty folder of root's, so that trash and versions are nobody's who
 * mounts a share.
 */
export function createBinds(folder: string) {
  const hidden = join(folder, 'hidden')
  const exports = join(folder, 'exports')
  const pathOf = (pseudo: string) => join(exports, pseudo)

  async function bind(each: Bind) {
    try {
      await bindAll(each)
    } catch (error) {
      await release(each.pseudo)
      throw error
    }
  }

  async function bindAll({ pseudo, source }: Bind) {
    const path = pathOf(pseudo)
    await mkdir(dirname(path), { recursive: true, mode: 0o755 })
    // Nobody's, where nothing is mounted on it.
    await mkdir(path, { recursive: true, mode: 0o000 })
    await mkdir(hidden, { recursive: true, mode: 0o700 })
    await run(['mount', '--bind', source, path])
    await run(['mount', '-o', options, path])
    // Else a mount over it would show in every other view of this folder too.
    await run(['mount', '--make-private', path])
    const own = join(path, '.cairn')
    if (await isFolder(own)) await run(['mount', '--no-canonicalize', '--bind', hidden, own])
    else if ((await orIfMissing(lstat(own), undefined)) !== undefined)
      throw new Failure('conflict', 'shares/nfs-not-shown', `${source}/.cairn is no folder.`)
    if (!(await isBound({ pseudo, source }))) throw new Error(`${path} is not mounted as it should be`)
  }

  /** With all that belongs to it, and of the subvolume that is there by now. */
  async function isBound({ pseudo, source }: Bind): Promise<boolean> {
    const path = pathOf(pseudo)
    const mounts = await mountsBelow(path)
    if (mounts[0] !== path || mounts.length > 2) return false
    const [shown, there] = await Promise.all([stat(path), stat(source)])
    if (shown.dev !== there.dev || shown.ino !== there.ino) return false
    const own = await orIfMissing(lstat(join(path, '.cairn')), undefined)
    return mounts.length === 2 ? own?.dev === (await stat(hidden)).dev : own === undefined
  }

  /** Lazily where somebody is still in it: what is exported no more shall not keep a pool busy. */
  async function release(pseudo: string) {
    const path = pathOf(pseudo)
    for (const place of (await mountsBelow(path)).reverse()) {
      const { code } = await run(['umount', place], { expected: [32] })
      if (code !== 0) await run(['umount', '--lazy', place], { expected: [32] })
    }
    for (let empty = path; empty !== exports && (await isRemoved(empty)); ) empty = dirname(empty)
  }

  /** What is shown, by how clients call it. */
  async function shown(): Promise<string[]> {
    const places = await mountsBelow(exports)
    const own = places.filter(place => place !== exports && !place.endsWith('/.cairn'))
    return [...new Set(own.map(place => place.slice(exports.length)))]
  }

  return {
    pathOf,
    shown,
    isBound,
    isCovered: async (pseudo: string) => (await mountsBelow(pathOf(pseudo))).length === 2,
    bind,
    release,
    /** Also what an agent that was killed has left. */
    async clear() {
      for (const pseudo of await shown()) await release(pseudo)
      for (const place of (await mountsBelow(exports)).reverse()) await run(['umount', place])
      await removeEmpty(exports)
      for (const empty of [hidden, folder]) await isRemoved(empty)
    },
  }
}

/** Folders and nothing else; were something still mounted there, it would be somebody's files. */
async function removeEmpty(folder: string) {
  if ((await mountsBelow(folder)).length > 0) return
  for (const name of await orIfMissing(readdir(folder), [])) await removeEmpty(join(folder, name))
  await isRemoved(folder)
}

/** False where something is in it. */
async function isRemoved(folder: string): Promise<boolean> {
  try {
    await rmdir(folder)
    return true
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return true
    if (errnoOf(error) === 'ENOTEMPTY' || errnoOf(error) === 'EBUSY') return false
    throw error
  }
}

/** In the order in which they were mounted, of which a place may have several. */
async function mountsBelow(path: string): Promise<string[]> {
  const places = parseMountinfo(await readFile('/proc/self/mountinfo', 'utf8')).map(({ place }) => place)
  return places.filter(place => place === path || place.startsWith(`${path}/`))
}
