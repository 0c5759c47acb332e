import {
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { chmod, chown, mkdir, rmdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Config, serviceUid } from '../appliance/config.ts'
import { Failure } from '../appliance/lib/failure.ts'
import { tryLockFile } from '../appliance/lib/posix.ts'
import { makeDataFolder } from './data-folder.ts'
import { createReach } from './reach.ts'

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

/** What the servers need of the checkout. */
const neededParts = ['package.json', 'dist', 'node_modules', 'appliance']

/** Makes the folders, refuses a second instance on the same data, and makes all reachable for the service account. */
export async function holdInstance(config: Config): Promise<Instance> {
  await makeFolders(config)
  const unlock = lock(join(config.runDir, 'start.pid'), config.dataDir)
  const reach = config.isRoot ? await createReach(config.runDir) : undefined
  const release = async () => {
    await reach?.release()
    unlock()
    for (const name of ['checkout', 'data', '.']) await rmdir(join(config.runDir, name)).catch(ignoreUsed)
  }
  try {
    return {
      checkout: (await reach?.parts(checkout, neededParts)) ?? checkout,
      dataDir: (await reach?.shared(config.dataDir)) ?? config.dataDir,
      release,
    }
  } catch (error) {
    await release()
    throw error
  }
}

/** Never recursively: a mount that stayed would take its content with it. */
function ignoreUsed(error: NodeJS.ErrnoException) {
  if (!['ENOTEMPTY', 'EBUSY', 'ENOENT'].includes(error.code ?? '')) throw error
}

async function makeFolders(config: Config) {
  await makeDataFolder(config)
  await mkdir(config.runDir, { recursive: true })
  if (!config.isRoot) return
  await chmod(dirname(config.runDir), 0o755)
  await chown(config.runDir, 0, serviceUid)
  await chmod(config.runDir, 0o750)
}

/** Held by the open file, so that it ends with this process, however that ends. */
function lock(path: string, dataDir: string): () => void {
  const fd = openSync(path, 'a+', 0o644)
  if (!tryLockFile(fd, 'exclusive')) {
    const holder = readFileSync(path, 'utf8')
    closeSync(fd)
    throw new Failure(
      'conflict',
      'start/running',
      `Cairn runs on ${dataDir} already (process ${holder}). Stop it, or choose another folder with --data.`,
    )
  }
  // Its holder has just ended and removed it.
  if (fstatSync(fd).nlink === 0) {
    closeSync(fd)
    return lock(path, dataDir)
  }
  ftruncateSync(fd)
  writeSync(fd, String(process.pid))
  return () => {
    rmSync(path, { force: true })
    closeSync(fd)
  }
}
