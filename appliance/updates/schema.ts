import { z } from 'zod'

export const version = z
  .string()
  .max(100)
  .regex(/^\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.+-]+)?$/, 'a version like 1.2.0')

/** One of the two places for the system: what runs, or what it is replaced by. */
export const slot = z.object({
  name: z.string(),
  isBooted: z.boolean(),
  /** The boot loader takes it next. */
  isNext: z.boolean(),
  /** Null: as it was flashed. */
  version: z.string().nullable(),
})
export type Slot = z.infer<typeof slot>

export const slots = z.object({
  /** What a bundle has to be made for: `cairn-amd64`. */
  compatible: z.string(),
  slots: z.array(slot),
})
export type Slots = z.infer<typeof slots>

export const bundle = z.object({ version: z.string(), compatible: z.string() })
export type Bundle = z.infer<typeof bundle>

/** What the agent knows of updates without asking RAUC, which takes its time. */
export const updateFacts = z.object({
  /** This box was made from an image. */
  isPossible: z.boolean(),
  version: z.string(),
  /** This version has never been found good on this box. */
  isOnTrial: z.boolean(),
})
export type UpdateFacts = z.infer<typeof updateFacts>

export const updateState = updateFacts.extend({
  slots: slots.nullable(),
  bundle: z
    .object({
      receivedBytes: z.number().int(),
      /** Null: it is not whole yet, or not to be trusted. */
      version: z.string().nullable(),
      problem: z.string().nullable(),
    })
    .nullable(),
  /** What was installed runs after the next start. */
  waitsForRestart: z.boolean(),
  restartAt: z.iso.datetime().nullable(),
})
export type UpdateState = z.infer<typeof updateState>

export const differenceKind = z.enum([
  ...['people', 'roles', 'passwords', 'groups', 'members', 'sessions', 'devices', 'shares', 'rights'],
  ...['homes', 'nfs', 'pools', 'labels', 'settings', 'tuning', 'properties', 'locks', 'other'],
] as const)
export type DifferenceKind = z.infer<typeof differenceKind>

/** Things of one kind that are there in the one state of the settings, or are otherwise in it, and in the other not. */
export const difference = z.object({
  what: differenceKind,
  how: z.enum(['added', 'changed', 'removed']),
  count: z.number().int(),
  names: z.array(z.string()).describe('Empty where they have none.'),
})
export type Difference = z.infer<typeof difference>

/** Names a copy of earlier settings while somebody works on it. */
export const lentName = z.string().regex(/^earlier-[0-9a-z]{8,40}\.db$/)

/** The version before this one, as long as it and the settings of its time are there. */
export const earlierVersion = z.object({
  version: z.string(),
  lost: z
    .array(difference)
    .describe('What is otherwise now: `added` would be gone, `removed` would be back, `changed` as it was.'),
  kept: z.array(difference).describe('What was revoked since then, or is as the disks are, and stays so.'),
  problem: z.string().nullable().describe('Why the box cannot go back.'),
})
export type EarlierVersion = z.infer<typeof earlierVersion>
