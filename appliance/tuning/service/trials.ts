import type { Agent } from '../../agent/client.ts'
import type { Job, Jobs } from '../../jobs/index.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import type { AppliedSetting, PlannedSetting } from '../schema/index.ts'
import type { TuningStore, UndoneSetting } from '../store.ts'
import { tuningUnderWay } from './busy.ts'
import type { Taking } from './taking.ts'

export interface Trials {
  /**
   * Does work that sets these and watches the box; it returns what went wrong, or undefined. Until it has, they count as
   * undone, so that a box that stops with them does not set them again unasked.
   */
  onTrial(
    settings: readonly PlannedSetting[],
    work: () => Promise<string | undefined>,
  ): Promise<string | undefined>
  /** What did not hold. What is being watched right now is not among it. */
  undone(): Promise<UndoneSetting[]>
  /** Puts back what a process was watching that ended without a word. */
  endForgotten(): Promise<void>
}

interface TrialsDeps {
  agent: Agent
  store: TuningStore
  taking: Pick<Taking, 'applied' | 'revert'>
  jobs: Pick<Jobs, 'list'>
  clock: Clock
  log: Log
}

const boxStopped = 'The box, or Cairn on it, stopped while it was being watched with this.'

/** Settings that nobody knows yet whether the box can live with. */
export function createTrials({ agent, store, taking, jobs, clock, log }: TrialsDeps): Trials {
  async function noteUndone(settings: readonly PlannedSetting[], reason: string) {
    const undoneAt = clock.now()
    await store.noteUndone(settings.map(({ name, to }) => ({ setting: name, value: to, reason, undoneAt })))
  }

  /** A part that takes something up may be what cannot live with it: that is put back first, and without the agent. */
  async function putBackUndone(undone: readonly UndoneSetting[]) {
    const taken = undoneOf(await taking.applied(), undone)
    if (taken.length > 0) await taking.revert(taken)
    const set = undoneOf(await agent.call('tuning/applied', {}), undone)
    const { failed } = set.length > 0 ? await agent.call('tuning/revert', { names: set }) : { failed: [] }
    const names = [...taken, ...set]
    if (names.length > 0) log.warn('settings that nobody watches any more were put back', { names, failed })
  }

  return {
    async onTrial(settings, work) {
      const names = settings.map(({ name }) => name)
      const before = (await store.undone()).filter(({ setting }) => names.includes(setting))
      await noteUndone(settings, boxStopped)
      try {
        const problem = await work()
        if (problem === undefined) await store.forgetUndone(names)
        else await noteUndone(settings, problem)
        return problem
      } catch (error) {
        // It was interrupted, and nothing was found out about them.
        await store.noteInstead(names, before)
        throw error
      }
    },
    async undone() {
      const rows = await store.undone()
      const underWay = await tuningUnderWay(jobs)
      return underWay ? rows.filter(row => !isWatchedIn(underWay, row)) : rows
    },
    async endForgotten() {
      const undone = await store.undone()
      if (undone.length === 0 || (await tuningUnderWay(jobs))) return
      await putBackUndone(undone)
    },
  }
}

/** Noted by the work that goes on, and not by that of a box that stopped before. */
function isWatchedIn({ startedAt }: Job, { reason, undoneAt }: UndoneSetting): boolean {
  return reason === boxStopped && undoneAt >= Date.parse(startedAt)
}

/** What is set all the same, of what counts as undone. */
function undoneOf(set: readonly AppliedSetting[], undone: readonly UndoneSetting[]): string[] {
  const values = new Map(undone.map(({ setting, value }) => [setting, value]))
  return set.filter(({ name, value }) => values.get(name) === value).map(({ name }) => name)
}
