import { join } from 'node:path'
import { z } from 'zod'
import { Failure } from '../../lib/failure.ts'
import { settingName } from '../schema/index.ts'
import { readOwn, writeOwn } from './own-file.ts'

const keptSetting = z.object({
  /** Null: not known yet, since the disk was away when it should have been set. */
  found: z.string().max(400).nullable(),
  value: z.string().max(400),
  isSet: z.boolean(),
  /** Set, and nobody has said yet that the box is well with it. Left out in files of before: what they hold has held. */
  isOnTrial: z.boolean().optional(),
})
export type KeptSetting = z.infer<typeof keptSetting>

const keptFile = z.object({
  /** The start of the machine that `found` is of: with another one everything begins as it is found then. */
  boot: z.string(),
  settings: z.record(settingName, keptSetting),
})
export type Kept = z.infer<typeof keptFile>

export function onTrial({ settings }: Kept): string[] {
  return Object.keys(settings).filter(name => settings[name]?.isOnTrial)
}

export function proven({ found, value, isSet }: KeptSetting): KeptSetting {
  return { found, value, isSet }
}

/** What was found and what was set, so that it can be put back and set again. The folder is root's alone. */
export function createKept(folder: string) {
  const name = 'applied.json'
  return {
    async read(boot: string): Promise<Kept> {
      const content = await readOwn(folder, name)
      if (content === undefined) return { boot, settings: {} }
      const parsed = keptFile.safeParse(content)
      if (parsed.success) return parsed.data
      const message = brokenText(join(folder, name))
      throw new Failure('unavailable', 'tuning/kept-broken', message, { cause: parsed.error })
    },
    write: (kept: Kept) => writeOwn(folder, name, kept),
  }
}

function brokenText(path: string): string {
  return `What the tuning has set cannot be read (${path}), so nothing was changed. Move that file away; after a restart of the machine everything is as it was found.`
}
