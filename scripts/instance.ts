import { closeSync, existsSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { access, chmod, chown, constants, mkdir, rmdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Config, serviceUid } from '../appliance/config.ts'
import { errnoOf, Failure } from '../appliance/lib/failure.ts'
import { run } from '../appliance/lib/run.ts'
import { makeDataFolder } from './data-folder.ts'

/** One running Cairn's hold on its data folder, and the paths by which the service account reaches what it needs. */
export interface Instance {
  dataDir: string
  checkout: string
  release(): Promise<void>
}

const checkout = rootAbove(import.meta.dirname)

/** From the sources and from the bundle alike. */
function rootAbove(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : rootAbove(dirname(folder))
}

/**
 * Makes the folders, refuses a second instance on the same data, and bind-mounts the checkout or the data folder where
 * the service account could not reach them (a checkout below /root, say). `release` undoes the mounts.
 */
export async function holdInstance(config: Config): Promise<Instance> {
  await makeFolders(config)
  const unlock = lock(join(config.runDir, 'start.pid'), config.dataDir)
  const mounts: string[] = []
  const places: string[] = []
  const reach = async (folder: string, name: string, isShared: boolean) => {
    if (!config.isRoot || (await isReachable(folder))) return folder
    const place = join(config.runDir, name)
    await bind(folder, place, isShared)
    mounts.push(place, ...(isShared ? [folder] : []))
    places.push(place)
    return place
  }
  const release = async () => {
    for (const place of mounts) await run(['umount', '--lazy', place])
    unlock()
    for (const folder of [...places, config.runDir]) await rmdir(folder).catch(ignoreUsed)
  }
  await releaseStale(config)
  try {
    return {
      checkout: await reach(checkout, 'checkout', false),
      dataDir: await reach(config.dataDir, 'data', true),
      release,
    }
  } catch (error) {
    await release()
    throw error
  }
}

/** Never recursively: a mount that stayed would take its content with it. */
function ignoreUsed(error: NodeJS.ErrnoException) {
  if (error.code !== 'ENOTEMPTY' && error.code !== 'EBUSY') throw error
}

async function makeFolders(config: Config) {
  await makeDataFolder(config)
  await mkdir(config.runDir, { recursive: true })
  if (!config.isRoot) return
  await chmod(dirname(config.runDir), 0o755)
  await chown(config.runDir, 0, serviceUid)
  await chmod(config.runDir, 0o750)
}

function lock(path: string, dataDir: string): () => void {
  const holder = holderOf(path)
  if (holder !== undefined && isLauncher(holder)) {
    throw new Failure(
      'conflict',
      'start/running',
      `Cairn runs on ${dataDir} already (process ${holder}). Stop it, or choose another folder with --data.`,
    )
  }
  const fd = openSync(path, 'w', 0o644)
  writeSync(fd, String(process.pid))
  closeSync(fd)
  return () => rmSync(path, { force: true })
}

function holderOf(path: string): number | undefined {
  try {
    return Number(readFileSync(path, 'utf8')) || undefined
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
}

/** A pid may have been given to another program since. */
function isLauncher(pid: number): boolean {
  try {
    return pid !== process.pid && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('launch.')
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ESRCH') return false
    throw error
  }
}

/** Every folder on the way lets others pass, and its mount lets programs run. */
async function isReachable(folder: string): Promise<boolean> {
  for (let path = folder; path !== '/'; path = dirname(path)) {
    const { mode, uid } = await stat(path)
    if (!(mode & 0o001) && uid !== serviceUid) return false
  }
  return access(folder, constants.R_OK).then(() => true)
}

/** Shared: the two places are peers, so that pools mounted below the one appear below the other. */
async function bind(folder: string, place: string, isShared: boolean) {
  await mkdir(place, { recursive: true })
  if (isShared) {
    await run(['mount', '--bind', folder, folder])
    await run(['mount', '--make-shared', folder])
  }
  await run(['mount', '--bind', folder, place])
}

/** What a start that was killed has left. */
async function releaseStale(config: Config) {
  if (!config.isRoot) return
  const places = [join(config.runDir, 'checkout'), join(config.runDir, 'data')]
  const { stdout } = await run(['findmnt', '--json', '--output', 'TARGET', '--list'], { expected: [1] })
  for (const place of places) if (stdout.includes(`"${place}"`)) await run(['umount', '--lazy', place])
}
