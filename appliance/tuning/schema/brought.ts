import { z } from 'zod'
import { settingGroup } from './settings.ts'

const text = z.string().min(1).max(300)
const percent = z.number().min(-100).max(100_000)

/** One comparison: the same work with these settings and without, in alternating pairs. */
export const broughtResult = z.strictObject({
  group: settingGroup,
  what: text.describe('What was compared with what.'),
  work: text.describe('What was done.'),
  percent: z
    .strictObject({ median: percent, low: percent, high: percent })
    .refine(({ low, median, high }) => low <= median && median <= high, 'low, median and high out of order')
    .describe(
      'How much faster it was, and from where to where the true figure lies in 95 of 100 cases. With zero in between there is no difference that could be measured.',
    ),
})
export type BroughtResult = z.infer<typeof broughtResult>

/** What `scripts/bench tuning` found on this machine. */
export const brought = z.strictObject({
  takenAt: z.iso.datetime(),
  machine: z.string().max(100).describe('Fingerprint of the hardware.'),
  pairs: z.number().int().min(1).max(10_000),
  results: z.array(broughtResult).max(100),
})
export type Brought = z.infer<typeof brought>
