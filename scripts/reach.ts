import { appendFile, mkdir, readFile, realpath, rm, rmdir, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { serviceUid } from '../appliance/config.ts'
import { errnoOf } from '../appliance/lib/failure.ts'
import { run } from '../appliance/lib/run.ts'

/** Paths by which the service account reaches what lies in folders that it may not enter (below /root, say): bind mounts. */
export interface Reach {
  /** The two places are peers, so that what is mounted below the one appears below the other. */
  shared(folder: string): Promise<string>
  /** A folder that may itself be closed: what the servers need of it. */
  parts(folder: string, names: readonly string[]): Promise<string>
  /** Undoes all of it. */
  release(): Promise<void>
}

/** `folder` is where the mounts are made, and noted, so that they are undone also after a start that was killed. */
export async function createReach(folder: string): Promise<Reach> {
  const notes = join(folder, 'mounts')

  async function bind(from: string, to: string) {
    await run(['mount', '--bind', from, to])
    await appendFile(notes, `${JSON.stringify(to)}\n`)
  }

  async function release() {
    for (const place of (await notedIn(notes)).toReversed()) {
      if (await isMountPoint(place)) await run(['umount', '--lazy', place])
      if (place.startsWith(`${folder}/`)) await removePlace(place)
    }
    await rm(notes, { force: true })
  }

  await release()
  return {
    async shared(data) {
      if (await isReachable(data)) return data
      const place = join(folder, 'data')
      await mkdir(place, { recursive: true })
      await bind(data, data)
      await run(['mount', '--make-shared', data])
      await bind(data, place)
      return place
    },
    async parts(checkout, names) {
      if (await isReachable(checkout)) return checkout
      const place = join(folder, 'checkout')
      await mkdir(place, { recursive: true, mode: 0o755 })
      for (const name of names) await bindPart(join(checkout, name), join(place, name), bind)
      return place
    },
    release,
  }
}

async function bindPart(from: string, to: string, bind: (from: string, to: string) => Promise<void>) {
  const status = await orIfMissing(stat(from), undefined)
  if (!status) return
  if (status.isDirectory()) await mkdir(to, { recursive: true })
  else await writeFile(to, '')
  await bind(from, to)
}

async function notedIn(notes: string): Promise<string[]> {
  const text = await orIfMissing(readFile(notes, 'utf8'), '')
  return text
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line))
}

async function isMountPoint(place: string): Promise<boolean> {
  return (await run(['findmnt', '--mountpoint', place], { expected: [1] })).code === 0
}

/** Never recursively: a mount that stayed would take its content with it. */
async function removePlace(place: string) {
  const status = await orIfMissing(stat(place), undefined)
  if (status?.isDirectory()) await rmdir(place)
  else if (status?.size === 0) await rm(place)
}

/** Every folder on the way, and the folder itself, lets others pass. */
async function isReachable(folder: string): Promise<boolean> {
  for (let path = await realpath(folder); path !== '/'; path = dirname(path)) {
    const { mode, uid } = await stat(path)
    if (!(mode & 0o001) && uid !== serviceUid) return false
  }
  return true
}

async function orIfMissing<T, M>(reading: Promise<T>, missing: M): Promise<T | M> {
  try {
    return await reading
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return missing
    throw error
  }
}
