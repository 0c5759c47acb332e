import type { AppliedSetting, Facts, PlannedSetting, TuningSetting } from '../schema/index.ts'

/** The plan as it stands: what the agent has set is `applied`, and was found as it was before that. */
export function standingOf(
  planned: readonly PlannedSetting[],
  applied: readonly AppliedSetting[],
  { undone, putBack }: HeldBack,
): TuningSetting[] {
  const set = new Map(applied.map(setting => [setting.name, setting]))
  const before = new Map(undone.map(setting => [setting.setting, setting]))
  const known = planned.map(setting =>
    withUndone(
      withApplied({ ...setting, isPutBack: isPutBack(setting, putBack) }, set.get(setting.name)),
      before.get(setting.name),
    ),
  )
  const names = new Set(planned.map(setting => setting.name))
  return [...known, ...applied.filter(({ name }) => !names.has(name)).map(leftOver)]
}

/** What is not set without being asked for. */
export interface HeldBack {
  undone: readonly UndoneBefore[]
  /** What somebody has put back, and not applied since. */
  putBack: readonly string[]
}

type Marked = PlannedSetting & Pick<TuningSetting, 'isPutBack'>

function isPutBack({ name, state }: PlannedSetting, putBack: readonly string[]): boolean {
  return state === 'planned' && putBack.includes(name)
}

function withApplied(setting: Marked, applied: AppliedSetting | undefined): TuningSetting {
  if (!applied?.isSet || applied.value !== setting.to || setting.state !== 'as-is') return setting
  const from = applied.found
  return { ...setting, from, state: 'applied', revert: `It is set back to ${from ?? 'what was found'}.` }
}

/** A setting that was set to this before and did not hold. */
export interface UndoneBefore {
  setting: string
  value: string
  reason: string
}

function withUndone(setting: TuningSetting, undone: UndoneBefore | undefined): TuningSetting {
  if (setting.state !== 'planned' || !isUndone(setting, undone)) return setting
  return { ...setting, problem: `It was set before, and undone: ${undone.reason}` }
}

function isUndone(
  { to }: Pick<PlannedSetting, 'to'>,
  undone: UndoneBefore | undefined,
): undone is UndoneBefore {
  return undone?.value === to
}

/** What was set once and nothing asks for any more: the next "apply" puts it back. */
function leftOver({ name, found, value, isSet }: AppliedSetting): TuningSetting {
  return {
    name,
    group: 'system',
    title: name,
    from: found,
    to: value,
    reason: 'It was set before, and the plan does not ask for it any more.',
    evidence: isSet ? 'It is still set.' : 'What it is set on is away.',
    effect: 'It is put back the next time the plan is applied.',
    revert: `It is set back to ${found ?? 'what was found'}.`,
    state: 'applied',
    problem: null,
    isChoice: false,
    choices: [],
    memoryBytes: 0,
    isPutBack: false,
  }
}

/** What has to be put back before the plan holds. */
export function outdatedOf(planned: readonly PlannedSetting[], applied: readonly AppliedSetting[]): string[] {
  const wanted = new Set(planned.filter(({ state }) => state !== 'advice').map(setting => setting.name))
  return applied.filter(({ name }) => !wanted.has(name)).map(({ name }) => name)
}

/** What applying has to do. */
export interface Todo {
  set: readonly string[]
  putBack: readonly string[]
}

interface Standing {
  plan: { settings: readonly PlannedSetting[] }
  applied: readonly AppliedSetting[]
}

/** All that the plan says, as somebody asks for it who has read it. */
export function todoOf({ plan, applied }: Standing): Todo {
  const planned = plan.settings.filter(({ state }) => state === 'planned')
  return { set: planned.map(({ name }) => name), putBack: outdatedOf(plan.settings, applied) }
}

/**
 * What is applied without being asked for: not what did not hold, nor what somebody has put back. What was set on a disk or
 * a pool that is away waits for it.
 */
export function unaskedTodoOf(
  { plan, applied, facts }: Standing & { facts: Pick<Facts, 'settable'> },
  { undone, putBack }: HeldBack,
): Todo {
  const before = new Map(undone.map(setting => [setting.setting, setting]))
  const set = plan.settings.filter(
    setting =>
      setting.state === 'planned' &&
      !isUndone(setting, before.get(setting.name)) &&
      !putBack.includes(setting.name),
  )
  const outdated = outdatedOf(plan.settings, applied)
  return {
    set: set.map(({ name }) => name),
    putBack: outdated.filter(name => Object.hasOwn(facts.settable, name)),
  }
}
