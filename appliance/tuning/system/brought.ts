import type { Log } from '../../lib/log.ts'
import { type Brought, brought } from '../schema/index.ts'
import { readOwn, writeOwn } from './own-file.ts'

const name = 'brought.json'

/** Null: never measured, or it cannot be read, which is no reason to show less of anything else. */
export async function readBrought(folder: string, log: Log): Promise<Brought | null> {
  const content = await readOwn(folder, name)
  if (content === undefined) return null
  const parsed = brought.safeParse(content)
  if (parsed.success) return parsed.data
  log.warn('what the tuning brought cannot be read; measure it again', { folder, name, error: parsed.error })
  return null
}

export function writeBrought(folder: string, found: Brought): Promise<void> {
  return writeOwn(folder, name, brought.parse(found))
}
