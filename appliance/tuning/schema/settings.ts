import { z } from 'zod'

const count = z.number().int().nonnegative()
const text = z.string().nullable()

export const settingName = z
  .string()
  .regex(/^[a-z][a-z0-9-]*(\.[a-z0-9_-]+){1,3}$/i, 'not the name of a setting')
  .max(80)
/** As storage names pools: never a path. */
export const tunedPoolName = z.string().regex(/^[a-z][a-z0-9-]{0,30}$/, 'not the name of a pool')
export const settingValue = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[\x20-\x7e]+$/, 'one line of plain text')

export const settingGroup = z.enum([
  'processor',
  'memory',
  'disks',
  'network',
  'pools',
  'faces',
  'servers',
  'system',
])
export type SettingGroup = z.infer<typeof settingGroup>

export const plannedState = z.enum(['planned', 'as-is', 'unavailable', 'advice'])

export const plannedSetting = z.object({
  name: settingName,
  group: settingGroup,
  title: z.string(),
  from: text.describe('How it was found; null: not known.'),
  to: z.string(),
  reason: z.string().describe('Why, in one sentence.'),
  evidence: z.string().describe('The fact or the figure behind it.'),
  effect: z.string().describe('What it should change.'),
  revert: z.string(),
  state: plannedState.describe('`advice`: nothing takes it up by itself yet.'),
  problem: text.describe('Why it cannot be set here, who would have to take it up, or why it was undone.'),
  isChoice: z.boolean().describe('Somebody chose this value.'),
  choices: z.array(z.string()).describe('What there is to choose from; empty: a value is written freely.'),
  memoryBytes: count.describe('What it may cost in memory at most.'),
})
export type PlannedSetting = z.infer<typeof plannedSetting>

export const seenThing = z.object({
  name: z.string(),
  seen: z.string(),
  wouldTry: z.string(),
})
export type SeenThing = z.infer<typeof seenThing>

export const plan = z.object({ settings: z.array(plannedSetting), seen: z.array(seenThing) })
export type Plan = z.infer<typeof plan>

/** What people decided: the name of a setting to its value. */
export type Choices = Readonly<Record<string, string>>

/** What the agent has set, and what it found there. */
export const appliedSetting = z.object({
  name: settingName,
  found: text,
  value: z.string(),
  isSet: z.boolean().describe('Not set: its disk is away.'),
})
export type AppliedSetting = z.infer<typeof appliedSetting>

export const settingProblem = z.object({ name: settingName, message: z.string() })
export type SettingProblem = z.infer<typeof settingProblem>

export const settingState = z.enum([...plannedState.options, 'applied'])

export const tuningSetting = plannedSetting.extend({
  state: settingState,
  isPutBack: z.boolean().describe('Somebody put it back: it is set again when it is applied by hand.'),
})
export type TuningSetting = z.infer<typeof tuningSetting>
