import { z } from 'zod'

export const healthIssue = z.object({
  code: z.string(),
  subject: z.string().optional(),
  severity: z.enum(['warning', 'danger']),
  title: z.string(),
  detail: z.string(),
  suggestions: z.array(z.object({ label: z.string(), href: z.string().optional() })),
})

export const healthReport = z.object({
  state: z.enum(['ok', 'warning', 'danger']),
  issues: z.array(healthIssue),
})

export type HealthReport = z.infer<typeof healthReport>
