import { lstat, mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { errnoOf, Failure } from '../../lib/failure.ts'

/** The names of what is kept in the folder of the tuning, which is root's alone. */
export type OwnFile = 'applied.json' | 'brought.json'

/** Undefined: there is none. An `Error`: it is no JSON. */
export async function readOwn(folder: string, name: OwnFile): Promise<unknown> {
  try {
    return asJson(await readFile(join(folder, name), 'utf8'))
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
}

/** It is the old one or the new one, whenever the power goes. */
export async function writeOwn(folder: string, name: OwnFile, content: unknown): Promise<void> {
  await ownFolder(folder)
  const path = join(folder, name)
  const fresh = `${path}.new`
  await rm(fresh, { force: true })
  const file = await open(fresh, 'wx', 0o600)
  try {
    await file.writeFile(`${JSON.stringify(content, undefined, 2)}\n`)
    await file.datasync()
  } finally {
    await file.close()
  }
  await rename(fresh, path)
}

/** Next to the settings database, where the service account may make folders: it must not have made this one. */
async function ownFolder(folder: string) {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const status = await lstat(folder)
  if (status.isDirectory() && status.uid === process.getuid?.()) return
  const message = `${folder} is no folder that belongs to root. Move it away, then apply the tuning again.`
  throw new Failure('conflict', 'tuning/foreign-folder', message)
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    return error
  }
}
