import { z } from 'zod'
import { whyNotAddress } from './plan/addresses.ts'

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

/** Larger than any image of ours will be. */
export const mostBundleBytes = 4 * 1024 ** 3

/**
 * What whoever publishes updates lays beside the bundle, as `cairn-TARGET.json` (docs/updates.md, "Publishing"). Unknown fields
 * are for newer boxes.
 */
export const release = z.object({
  format: z.literal(1, 'a description of format 1'),
  target: z.string().max(40).describe('The board that it is for, as `scripts/image` has it.'),
  version,
  date: z.iso.date('a date like 2026-03-29'),
  bundle: z.object({
    url: z
      .string()
      .min(1)
      .max(2000)
      .describe('Where the bundle lies, seen from the address of this description.'),
    sizeBytes: z.number().int().min(1).max(mostBundleBytes),
    sha256: z.string().regex(/^[0-9a-f]{64}$/, '64 small hexadecimal digits'),
  }),
  notes: z
    .array(z.string().max(1000))
    .max(100)
    .default([])
    .describe('What is new, plain text, one thing each.'),
})
export type Release = z.infer<typeof release>

const sourceAddress = z
  .string()
  .max(2000)
  .superRefine((address, context) => {
    const problem = whyNotAddress(address)
    if (problem !== null) context.addIssue({ code: 'custom', message: problem })
  })

/** Where updates come from, as an administrator has decided. */
export const updateSource = z
  .strictObject({
    address: sourceAddress
      .nullable()
      .describe(
        'Of a folder or of one description (.json). Null: the one that the image came with, if it did.',
      ),
    looksDaily: z.boolean().default(true),
    installsAtNight: z
      .boolean()
      .default(false)
      .describe('Takes what is new by itself, and starts the box again at three in the night.'),
  })
  .refine(({ looksDaily, installsAtNight }) => looksDaily || !installsAtNight, {
    path: ['installsAtNight'],
    message: 'only while looksDaily is true: what is not looked for cannot be installed',
  })
export type UpdateSource = z.infer<typeof updateSource>

export const problem = z.object({ code: z.string(), message: z.string() })
export type Problem = z.infer<typeof problem>

export const sourceState = z.object({
  address: z.string().nullable().describe('The one in force; null: none is known.'),
  isOwn: z.boolean().describe('An administrator has named it; else the image came with it.'),
  looksDaily: z.boolean(),
  installsAtNight: z.boolean(),
  lookedAt: z.iso.datetime().nullable(),
  problem: problem.nullable().describe('Why the last look found nothing out.'),
  failingSince: z.iso.datetime().nullable(),
  found: z
    .object({
      version,
      date: z.iso.date(),
      sizeBytes: z.number().int(),
      notes: z.array(z.string()),
      isNewer: z.boolean().describe('Than what runs.'),
    })
    .nullable()
    .describe('What the last answer described.'),
  heldBack: z
    .object({ at: z.iso.datetime(), message: z.string() })
    .nullable()
    .describe('Why it was not taken by itself in the night.'),
})
export type SourceState = z.infer<typeof sourceState>
