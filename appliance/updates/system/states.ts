import { constants } from 'node:fs'
import { chown, copyFile, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { errnoOf } from '../../lib/failure.ts'
import { serviceUid } from '../../lib/service-account.ts'
import { version as versionText } from '../schema.ts'

/** docs/updates.md, "What is kept of the older version". */
const record = z.object({ confirmed: z.array(versionText) })

const databaseFiles = ['cairn.db', 'cairn.db-wal']
/** What was decided under the version before stays, to go back to. */
const mostStates = 2

/**
 * Each version has a state of its own, so that one that is on trial changes nothing of what the older one finds when the
 * box goes back to it: the first start makes a copy, and once the version is found good, that counts.
 */
export function createStates({ dataDir, version }: { dataDir: string; version: string }) {
  const file = join(dataDir, 'updates.json')
  const folderOf = (one: string) => join(dataDir, 'states', one)

  async function confirmed(): Promise<string[]> {
    try {
      return record.parse(JSON.parse(await readFile(file, 'utf8'))).confirmed
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return []
      throw error
    }
  }

  async function prepare(): Promise<void> {
    const known = await confirmed()
    if (!known.includes(version)) await copyFrom(known.at(-1))
    else await makeFolder(folderOf(version))
    await point()
  }

  /** A state that is left of an earlier trial has nothing that anybody was promised. */
  async function copyFrom(before: string | undefined) {
    const folder = folderOf(version)
    await rm(folder, { recursive: true, force: true })
    await makeFolder(folder)
    const source = before === undefined ? dataDir : folderOf(before)
    for (const name of databaseFiles) await copyIfThere(join(source, name), join(folder, name))
  }

  async function point() {
    const fresh = join(dataDir, 'state.new')
    await rm(fresh, { force: true })
    await symlink(join('states', version), fresh)
    await rename(fresh, join(dataDir, 'state'))
  }

  async function makeFolder(path: string) {
    await mkdir(path, { recursive: true, mode: 0o700 })
    if (process.getuid?.() === 0) await chown(path, serviceUid, serviceUid)
  }

  async function copyIfThere(from: string, to: string) {
    try {
      await copyFile(from, to, constants.COPYFILE_FICLONE)
      if (process.getuid?.() === 0) await chown(to, serviceUid, serviceUid)
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error
    }
  }

  return {
    prepare,
    /** Whether it was never found good, while another was. The first version has nothing to go back to. */
    async isOnTrial(): Promise<boolean> {
      const known = await confirmed()
      return known.length > 0 && !known.includes(version)
    },
    async confirm(): Promise<void> {
      const before = await confirmed()
      if (before.at(-1) === version) return
      const now = [...before.filter(one => one !== version), version]
      await writeFile(`${file}.new`, JSON.stringify({ confirmed: now.slice(-mostStates) }))
      await rename(`${file}.new`, file)
      for (const old of now.slice(0, -mostStates)) await rm(folderOf(old), { recursive: true, force: true })
    },
  }
}

export type States = ReturnType<typeof createStates>
