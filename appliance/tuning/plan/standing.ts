import type { AppliedSetting, PlannedSetting, TuningSetting } from '../schema/index.ts'

/** The plan as it stands: what the agent has set is `applied`, and was found as it was before that. */
export function standingOf(
  planned: readonly PlannedSetting[],
  applied: readonly AppliedSetting[],
  undone: readonly UndoneBefore[],
): TuningSetting[] {
  const set = new Map(applied.map(setting => [setting.name, setting]))
  const before = new Map(undone.map(setting => [setting.setting, setting]))
  const known = planned.map(setting =>
    withUndone(withApplied(setting, set.get(setting.name)), before.get(setting.name)),
  )
  const names = new Set(planned.map(setting => setting.name))
  return [...known, ...applied.filter(({ name }) => !names.has(name)).map(leftOver)]
}

function withApplied(setting: PlannedSetting, applied: AppliedSetting | undefined): TuningSetting {
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
  if (setting.state !== 'planned' || undone?.value !== setting.to) return setting
  return { ...setting, problem: `It was set before, and undone: ${undone.reason}` }
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
  }
}

/** What has to be put back before the plan holds. */
export function outdatedOf(planned: readonly PlannedSetting[], applied: readonly AppliedSetting[]): string[] {
  const wanted = new Set(planned.filter(({ state }) => state !== 'advice').map(setting => setting.name))
  return applied.filter(({ name }) => !wanted.has(name)).map(({ name }) => name)
}
