import { readdir } from 'node:fs/promises'
import { errnoOf } from './failure.ts'

/** What is in a folder; nothing where there is no such folder, as before the first start. */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return []
    throw error
  }
}
