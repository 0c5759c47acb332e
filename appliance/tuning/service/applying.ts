import type { Agent } from '../../agent/client.ts'
import type { JobSpec, Jobs } from '../../jobs/index.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Events } from '../../lib/events.ts'
import { Failure } from '../../lib/failure.ts'
import type { Log } from '../../lib/log.ts'
import { fallOf, isSyncSlow, type Wellbeing } from '../plan/fall.ts'
import { appliedGroups } from '../plan/index.ts'
import { outdatedOf } from '../plan/standing.ts'
import type { PlannedSetting } from '../schema/index.ts'
import type { TuningStore } from '../store.ts'
import { orCancelled } from './cancelled.ts'
import type { Look, Planning } from './plan.ts'
import type { Taking } from './taking.ts'

export interface ApplyingDeps {
  agent: Agent
  planning: Planning
  store: TuningStore
  taking: Taking
  clock: Clock
  jobs: Pick<Jobs, 'start' | 'list'>
  events: Events
  log: Log
  /** How the box is. */
  health(): Promise<Wellbeing>
  wait(ms: number, signal: AbortSignal): Promise<void>
}

export interface Applying {
  /** What is planned: one setting of it, or (null) all. */
  apply(name: string | null): Promise<{ id: string }>
  revert(name: string | null): Promise<{ reverted: string[]; failed: { name: string; message: string }[] }>
}

type Context = Parameters<JobSpec['run']>[0]
type Group = (typeof appliedGroups)[number]

/** A group is watched for this long before it counts as good. */
const watchMs = 60_000
const lookEveryMs = 5_000

export function createApplying(deps: ApplyingDeps): Applying {
  const { agent, planning, store, taking, clock, jobs, events, log, health, wait } = deps

  async function applyAll(context: Context, name: string | null) {
    const look = await planning.look()
    if (name === null) await putBackOutdated(look)
    const groups = appliedGroups
      .map(group => ({ group, settings: plannedIn(look, group).filter(isNamed(name)) }))
      .filter(({ settings }) => settings.length > 0)
    const problems: string[] = []
    for (const [index, { group, settings }] of groups.entries()) {
      const report = (message: string, share = 0) =>
        context.report({ fraction: (index + share) / groups.length, message })
      const problem = await applyGroup({ group, settings, look, context, report })
      await remember(settings, problem)
      events.publish('tuning/changed', {})
      if (problem) problems.push(`${capital(inWords[group])}: ${problem}`)
    }
    if (problems.length > 0) throw new Failure('conflict', 'tuning/undone', problems.join(' '))
  }

  /** What the agent has set, and what others have taken. */
  async function revert(names: string[] | null) {
    const taken = await taking.revert(names)
    const { reverted, failed } = await agent.call('tuning/revert', { names })
    return { reverted: [...reverted, ...taken], failed }
  }

  async function putBackOutdated({ plan, applied }: Look) {
    const outdated = outdatedOf(plan.settings, applied)
    if (outdated.length > 0) await revert(outdated)
  }

  async function refuseUnplanned(name: string) {
    const { plan } = await planning.look()
    if (plan.settings.some(setting => setting.state === 'planned' && isNamed(name)(setting))) return
    throw new Failure('missing', 'tuning/not-planned', `Nothing is planned for ${name}.`)
  }

  async function remember(settings: readonly PlannedSetting[], problem: string | undefined) {
    if (problem === undefined) return store.forgetUndone(settings.map(({ name }) => name))
    const undoneAt = clock.now()
    await store.noteUndone(
      settings.map(({ name, to }) => ({ setting: name, value: to, reason: problem, undoneAt })),
    )
  }

  /** One group that does not hold keeps no other from being applied. Returns why it did not. */
  async function applyGroup(task: GroupTask): Promise<string | undefined> {
    const { group, settings, report } = task
    report(`Setting ${inWords[group]}`)
    const before = await health()
    const wanted = settings.map(({ name, from, to }) => ({ name, value: to, found: from }))
    try {
      if (isTakenUp(group)) await taking.apply(wanted)
      else await agent.call('tuning/apply', { settings: wanted.map(({ name, value }) => ({ name, value })) })
    } catch (error) {
      if (!(error instanceof Failure) || error.kind === 'internal') throw error
      return error.message
    }
    return watchOrUndo(task, before)
  }

  async function watchOrUndo({ group, settings, look, context, report }: GroupTask, before: Wellbeing) {
    const names = settings.map(({ name }) => name)
    let fall: string | undefined
    try {
      fall = await watch(before, look, {
        signal: context.signal,
        passed: share => report(`Watching how the box does with ${inWords[group]} as set`, share),
      })
    } catch (error) {
      await revert(names)
      throw error
    }
    if (fall === undefined) return undefined
    log.warn('a group of settings was undone', { group, names, fall })
    const { failed } = await revert(names)
    const left = failed.map(({ message }) => message)
    return [`The box did worse with it (${fall}), so it went back to what was found.`, ...left].join(' ')
  }

  /** Returns what got worse within a minute. */
  async function watch(
    before: Wellbeing,
    look: Look,
    { signal, passed }: Watch,
  ): Promise<string | undefined> {
    for (let passedMs = 0; passedMs < watchMs; passedMs += lookEveryMs) {
      passed(passedMs / watchMs)
      await wait(lookEveryMs, signal)
      const fall = fallOf(before, await health()) ?? (await slowSync(look, signal))
      if (fall !== undefined) return fall
    }
    return undefined
  }

  async function slowSync({ measured, isMeasuredHere }: Look, signal: AbortSignal) {
    if (!measured || !isMeasuredHere) return undefined
    for (const { name, fsyncMs } of measured.pools) {
      const now = await agent.call('tuning/probe-pool', { pool: name }, { signal })
      if (now !== null && isSyncSlow(now.p99, fsyncMs.p99))
        return `writing to the pool ${name} takes ${Math.round(now.p99)} ms, and took ${Math.round(fsyncMs.p99)} ms when it was measured`
    }
    return undefined
  }

  return {
    async apply(name) {
      await refuseTwo(jobs)
      if (name !== null) await refuseUnplanned(name)
      return jobs.start({
        kind: 'tuning/apply',
        title: 'Tuning this box',
        run: context => orCancelled(context.signal, () => applyAll(context, name)),
      })
    },
    async revert(name) {
      await refuseTwo(jobs)
      const done = await revert(name === null ? null : [name])
      events.publish('tuning/changed', {})
      if (name !== null && done.reverted.length + done.failed.length === 0)
        throw new Failure('missing', 'tuning/not-applied-before', `${name} was not set by the tuning.`)
      return done
    },
  }
}

interface GroupTask {
  group: Group
  settings: PlannedSetting[]
  look: Look
  context: Context
  report(message: string, share?: number): void
}

interface Watch {
  signal: AbortSignal
  passed(share: number): void
}

function plannedIn({ plan }: Look, group: Group): PlannedSetting[] {
  return plan.settings.filter(setting => setting.group === group && setting.state === 'planned')
}

function isNamed(name: string | null) {
  return (setting: PlannedSetting) => name === null || setting.name === name
}

/** Measuring while something is changed would measure neither. */
export async function refuseTwo(jobs: Pick<Jobs, 'list'>): Promise<void> {
  const other = (await jobs.list()).find(
    ({ kind, state }) => kind.startsWith('tuning/') && state === 'running',
  )
  if (!other) return
  const message = `Wait for this to end, or cancel it: ${other.title}.`
  throw new Failure('conflict', 'tuning/busy', message, { details: { job: other.id } })
}

const inWords: Record<Group, string> = {
  processor: 'the processor',
  memory: 'the memory',
  disks: 'the disks',
  network: 'the network',
  pools: 'the pools',
  faces: 'the network drives',
  servers: 'the server processes',
}

/** What the agent does not set: parts of Cairn take it up themselves. */
function isTakenUp(group: Group): boolean {
  return group === 'faces' || group === 'servers'
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
