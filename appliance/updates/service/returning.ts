import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Agent } from '../../agent/client.ts'
import { Failure } from '../../lib/failure.ts'
import { randomToken } from '../../lib/secret.ts'
import { createTurns } from '../../lib/turns.ts'
import { differencesOf } from '../plan/losses.ts'
import { type EarlierVersion, lentName } from '../schema.ts'
import { amendSettings, readTables } from '../store/amending.ts'

export interface ReturningDeps {
  agent: Agent
  dataDir: string
  databasePath: string
}

/** RAUC is asked, which takes its time. */
const slowMs = 4 * 60_000

/** Going back to the version before this one, by hand: what that would lose, and what stays as it is now. */
export function createReturning({ agent, dataDir, databasePath }: ReturningDeps) {
  const inTurn = createTurns()

  /** `work` on a copy of the settings of that time, which nobody else works on, and which goes afterwards. */
  async function withEarlier<T>(work: (name: string) => Promise<T>): Promise<T> {
    const name = `earlier-${randomToken(80)}.db`
    return inTurn('earlier', async () => {
      try {
        await agent.call('updates/lend-earlier', { name })
        return await work(name)
      } finally {
        await drop(name)
      }
    })
  }

  async function drop(name: string) {
    for (const ending of ['', '-wal', '-shm', '-journal'])
      await rm(join(dataDir, `${name}${ending}`), { force: true })
  }

  /** Leaves the amended settings in the place of the lent ones. */
  function prepare(version: string, name: string): EarlierVersion {
    const path = join(dataDir, name)
    const then = readTables(path)
    const now = readTables(databasePath)
    try {
      amendSettings(path, databasePath)
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      return { version, lost: differencesOf(then, now), kept: [], problem: error.message }
    }
    const amended = readTables(path)
    return { version, lost: differencesOf(amended, now), kept: differencesOf(then, amended), problem: null }
  }

  const version = async () => (await agent.call('updates/earlier', {}, { timeoutMs: slowMs })).version

  return {
    /** Null: there is no earlier version, or not with its settings. */
    async earlier(): Promise<EarlierVersion | null> {
      const wanted = await version()
      return wanted === null ? null : withEarlier(async name => prepare(wanted, name))
    },
    async goBack(wanted: string): Promise<void> {
      if ((await version()) !== wanted)
        throw new Failure('conflict', 'updates/no-earlier', `version: ${wanted} is not there any more.`)
      await withEarlier(async name => {
        const { problem } = prepare(wanted, name)
        if (problem !== null) throw new Failure('conflict', 'updates/cannot-amend', problem)
        await agent.call('updates/go-back', { version: wanted, name }, { timeoutMs: slowMs })
      })
    },
    /** Copies that a process which was killed has left. */
    async tidy(): Promise<void> {
      const left = (await readdir(dataDir)).filter(
        name => lentName.safeParse(name.replace(/-\w+$/, '')).success,
      )
      for (const name of left) await rm(join(dataDir, name), { force: true })
    },
  }
}
