import type { JobSpec, Jobs } from '../../jobs/index.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Events } from '../../lib/events.ts'
import { Failure } from '../../lib/failure.ts'
import type { Log } from '../../lib/log.ts'
import type { Wellbeing } from '../plan/fall.ts'
import { appliedGroups } from '../plan/index.ts'
import { type Todo, todoOf, unaskedTodoOf } from '../plan/standing.ts'
import type { PlannedSetting } from '../schema/index.ts'
import type { TuningStore } from '../store.ts'
import { refuseTwo } from './busy.ts'
import { orCancelled } from './cancelled.ts'
import { hardwareOf, type Look, type Planning } from './plan.ts'
import type { Taking } from './taking.ts'
import type { Trials } from './trials.ts'
import { createWatching, type WatchingDeps } from './watching.ts'

export interface ApplyingDeps extends WatchingDeps {
  planning: Planning
  store: TuningStore
  taking: Taking
  trials: Pick<Trials, 'onTrial'>
  clock: Clock
  jobs: Pick<Jobs, 'start' | 'list'>
  events: Events
  log: Log
}

export interface Applying {
  /** What is planned: one setting of it, or (null) all. */
  apply(name: string | null): Promise<{ id: string }>
  /** What of it is applied without being asked for. */
  applyUnasked(): Promise<{ id: string }>
  /** What there is to do unasked. */
  unasked(look: Look): Promise<Todo>
  revert(name: string | null): Promise<{ reverted: string[]; failed: { name: string; message: string }[] }>
  /** From now on a job that is cancelled was cancelled by nobody. */
  stop(): void
}

type Context = Parameters<JobSpec['run']>[0]
type Group = (typeof appliedGroups)[number]

export function createApplying(deps: ApplyingDeps): Applying {
  const { agent, planning, store, taking, trials, clock, jobs, events, log, health } = deps
  const watch = createWatching(deps)
  let isStopping = false
  /** What could not be put back when the plan asked for it no more: that is not tried again and again. */
  const stuck = new Set<string>()

  async function applyLooked({ context, look, todo, isAsked }: Applied) {
    const problems = await putBackOutdated(todo.putBack)
    const groups = appliedGroups
      .map(group => ({ group, settings: plannedIn(look, group, todo) }))
      .filter(({ settings }) => settings.length > 0)
    for (const [index, { group, settings }] of groups.entries()) {
      const report = (message: string, share = 0) =>
        context.report({ fraction: (index + share) / groups.length, message })
      const problem = await trials.onTrial(settings, () =>
        applyGroup({ group, settings, look, context, report }),
      )
      if (isAsked) await store.forgetPutBack(settings.map(({ name }) => name))
      events.publish('tuning/changed', {})
      if (problem) problems.push(`${capital(inWords[group])}: ${problem}`)
    }
    if (problems.length > 0) throw new Failure('conflict', 'tuning/undone', problems.join(' '))
  }

  /** What somebody cancels is not begun again unasked, on this hardware. */
  async function applyOrNote(applied: Applied) {
    try {
      await applyLooked(applied)
    } catch (error) {
      if (applied.context.signal.aborted && !isStopping) await noteCancelled(applied.look)
      throw error
    }
  }

  async function noteCancelled({ facts }: Look) {
    await store.noteCancelled(hardwareOf(facts), clock.now())
    events.publish('tuning/changed', {})
  }

  function start({ title, isAsked, todoIn }: Ask) {
    return jobs.start({
      kind: 'tuning/apply',
      title,
      run: context =>
        orCancelled(context.signal, async () => {
          const look = await planning.look()
          await applyOrNote({ context, look, todo: await todoIn(look), isAsked })
        }),
    })
  }

  async function unasked(look: Look): Promise<Todo> {
    const [undone, putBack] = [await store.undone(), await store.putBack()]
    const todo = unaskedTodoOf(look, { undone, putBack })
    return { ...todo, putBack: todo.putBack.filter(name => !stuck.has(name)) }
  }

  /** Returns what went wrong. */
  async function putBackOutdated(names: readonly string[]): Promise<string[]> {
    if (names.length === 0) return []
    for (const name of names) stuck.delete(name)
    const { failed } = await revert([...names])
    for (const { name } of failed) stuck.add(name)
    if (failed.length < names.length) events.publish('tuning/changed', {})
    return failed.map(({ message }) => message)
  }

  async function notePutBack(name: string | null) {
    const set = [...(await agent.call('tuning/applied', {})), ...(await taking.applied())]
    const names = set.map(setting => setting.name).filter(one => name === null || one === name)
    await store.notePutBack(names, clock.now())
  }

  /** What the agent has set, and what others have taken. */
  async function revert(names: string[] | null) {
    const taken = await taking.revert(names)
    const { reverted, failed } = await agent.call('tuning/revert', { names })
    return { reverted: [...reverted, ...taken], failed }
  }

  async function refuseUnplanned(name: string) {
    const { plan } = await planning.look()
    if (plan.settings.some(setting => setting.state === 'planned' && setting.name === name)) return
    throw new Failure('missing', 'tuning/not-planned', `Nothing is planned for ${name}.`)
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
      if (!(error instanceof Failure) || error.kind === 'internal' || isInterruption(error)) throw error
      return error.message
    }
    return watchOrUndo(task, before)
  }

  async function watchOrUndo(task: GroupTask, before: Wellbeing) {
    const { group, settings } = task
    const names = settings.map(({ name }) => name)
    let problem: string | undefined
    try {
      problem = await watchAndKeep(task, names, before)
    } catch (error) {
      await revert(names)
      throw error
    }
    if (problem === undefined) return undefined
    log.warn('a group of settings was undone', { group, names, problem })
    const { failed } = await revert(names)
    return [problem, ...failed.map(({ message }) => message)].join(' ')
  }

  async function watchAndKeep(
    { group, look, context, report }: GroupTask,
    names: string[],
    before: Wellbeing,
  ) {
    const fall = await watch(before, look, {
      signal: context.signal,
      passed: share => report(`Watching how the box does with ${inWords[group]} as set`, share),
    })
    if (fall !== undefined) return `The box did worse with it (${fall}), so it went back to what was found.`
    return isTakenUp(group) ? undefined : keep(names)
  }

  /** Returns what is not as it was set any more: its disk went and came back, say. */
  async function keep(names: string[]): Promise<string | undefined> {
    try {
      await agent.call('tuning/keep', { names })
      return undefined
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 'tuning/not-holding') throw error
      return `${error.message} So all of it went back to what was found.`
    }
  }

  return {
    async apply(name) {
      await refuseTwo(jobs)
      if (name !== null) await refuseUnplanned(name)
      else await store.forgetCancelled()
      const todoIn = name === null ? todoOf : () => ({ set: [name], putBack: [] })
      return start({ title: 'Tuning this box', isAsked: true, todoIn })
    },
    async applyUnasked() {
      await refuseTwo(jobs)
      return start({ title: 'Tuning this box by itself', isAsked: false, todoIn: unasked })
    },
    unasked,
    async revert(name) {
      await refuseTwo(jobs)
      // Before it is done, so that nothing sets it again meanwhile.
      await notePutBack(name)
      const done = await revert(name === null ? null : [name])
      events.publish('tuning/changed', {})
      if (name !== null && done.reverted.length + done.failed.length === 0)
        throw new Failure('missing', 'tuning/not-applied-before', `${name} was not set by the tuning.`)
      return done
    },
    stop() {
      isStopping = true
    },
  }
}

interface Ask {
  title: string
  /** Somebody wants it, also what was put back before. */
  isAsked: boolean
  todoIn(look: Look): Todo | Promise<Todo>
}

interface Applied {
  context: Context
  look: Look
  todo: Todo
  isAsked: boolean
}

interface GroupTask {
  group: Group
  settings: PlannedSetting[]
  look: Look
  context: Context
  report(message: string, share?: number): void
}

function plannedIn({ plan }: Look, group: Group, { set }: Todo): PlannedSetting[] {
  return plan.settings.filter(
    setting => setting.group === group && setting.state === 'planned' && set.includes(setting.name),
  )
}

/** The agent is going away, which says nothing about the settings. */
function isInterruption({ code }: Failure): boolean {
  return code === 'agent/away'
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
