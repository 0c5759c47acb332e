import { readFile } from 'node:fs/promises'
import type { z } from 'zod'
import { errnoOf } from '../../lib/failure.ts'

/** What was noted for later, beside the settings; null: nothing, or nothing that can be understood. */
export async function readKept<T>(file: string, schema: z.ZodType<T>): Promise<T | null> {
  try {
    return schema.safeParse(JSON.parse(await readFile(file, 'utf8'))).data ?? null
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || error instanceof SyntaxError) return null
    throw error
  }
}
