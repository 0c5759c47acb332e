import { z } from 'zod'

export const jobState = z.enum(['running', 'done', 'failed', 'cancelled'])

export const job = z.object({
  id: z.string(),
  kind: z.string().describe('What the work is, `storage/replace`.'),
  title: z.string(),
  state: jobState,
  fraction: z.number().min(0).max(1).nullable().describe('How much is done; null while unknown.'),
  message: z.string(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime().nullable(),
})

export type Job = z.infer<typeof job>
export type JobState = z.infer<typeof jobState>
