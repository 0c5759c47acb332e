import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { errnoOf, Failure } from '../../lib/failure.ts'

/** A kernel file takes what is written at once, or says why not. */
export async function writeText(place: string, path: string, text: string) {
  try {
    await using file = await open(place, constants.O_WRONLY | constants.O_TRUNC)
    await file.writeFile(text)
  } catch (error) {
    const code = errnoOf(error)
    if (code === undefined) throw error
    const message = `${path} could not be set to ${text} (${code}).`
    throw new Failure('unavailable', 'tuning/not-writable', message, { cause: error })
  }
}
