import { lstat, mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { errnoOf, Failure } from '../../lib/failure.ts'
import { settingName } from '../schema/index.ts'

const keptSetting = z.object({
  /** Null: not known yet, since the disk was away when it should have been set. */
  found: z.string().max(400).nullable(),
  value: z.string().max(400),
  isSet: z.boolean(),
})
export type KeptSetting = z.infer<typeof keptSetting>

const keptFile = z.object({
  /** The start of the machine that `found` is of: with another one everything begins as it is found then. */
  boot: z.string(),
  settings: z.record(settingName, keptSetting),
})
export type Kept = z.infer<typeof keptFile>

/** What was found and what was set, so that it can be put back and set again. The folder is root's alone. */
export function createKept(folder: string) {
  const path = join(folder, 'applied.json')
  return {
    async read(boot: string): Promise<Kept> {
      const text = await orMissing(readFile(path, 'utf8'))
      if (text === undefined) return { boot, settings: {} }
      const parsed = keptFile.safeParse(asJson(text))
      if (parsed.success) return parsed.data
      throw new Failure('unavailable', 'tuning/kept-broken', brokenText(path), { cause: parsed.error })
    },
    async write(kept: Kept): Promise<void> {
      await ownFolder(folder)
      const fresh = `${path}.new`
      await rm(fresh, { force: true })
      const file = await open(fresh, 'wx', 0o600)
      try {
        await file.writeFile(`${JSON.stringify(kept, undefined, 2)}\n`)
        await file.datasync()
      } finally {
        await file.close()
      }
      await rename(fresh, path)
    },
  }
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

function brokenText(path: string): string {
  return `What the tuning has set cannot be read (${path}), so nothing was changed. Move that file away; after a restart of the machine everything is as it was found.`
}

async function orMissing<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
}
