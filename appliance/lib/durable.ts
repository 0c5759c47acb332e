import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Puts a file of its owner alone in the place of what is there: after a power cut either is whole. Durable when it returns. */
export async function writeDurably(path: string, text: string): Promise<void> {
  const fresh = `${path}.new`
  await rm(fresh, { force: true })
  {
    await using file = await open(fresh, 'wx', 0o600)
    await file.writeFile(text)
    await file.sync()
  }
  await rename(fresh, path)
  await syncFolder(dirname(path))
}

export async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path)
  await folder.sync()
}
