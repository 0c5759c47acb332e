import { lstat, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { syncFolder, writeDurably } from '../../lib/durable.ts'
import { errnoOf, Failure } from '../../lib/failure.ts'
import { type ResetMark, resetMark } from '../schema.ts'

/** Beside the settings that it takes away, and the last thing to go. */
export const markName = 'reset.json'

/** Durable when it returns. */
export async function writeMark(dataDir: string, mark: ResetMark): Promise<void> {
  await writeDurably(join(dataDir, markName), `${JSON.stringify(mark)}\n`)
}

/** Undefined: none was asked for. The servers may write in this folder, so what is not ours means nothing. */
export async function readMark(dataDir: string): Promise<ResetMark | undefined> {
  const path = join(dataDir, markName)
  try {
    const status = await lstat(path)
    if (!status.isFile() || status.uid !== process.getuid?.()) return undefined
    const parsed = resetMark.safeParse(JSON.parse(await readFile(path, 'utf8')))
    if (parsed.success) return parsed.data
    throw broken(path, parsed.error)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error instanceof SyntaxError ? broken(path, error) : error
  }
}

export async function dropMark(dataDir: string): Promise<void> {
  await rm(join(dataDir, markName), { force: true })
  await syncFolder(dataDir)
}

function broken(path: string, cause: unknown): Failure {
  const message = `What is to be reset cannot be read (${path}), so nothing was done. Remove that file, then start Cairn again.`
  return new Failure('unavailable', 'reset/mark-broken', message, { cause })
}
