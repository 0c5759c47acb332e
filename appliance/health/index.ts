import { route } from '../http/route.ts'
import type { Domain, HealthCheck, HealthIssue } from '../lib/domain.ts'
import type { Log } from '../lib/log.ts'
import { type HealthReport, healthReport } from './schema.ts'

export type { HealthReport } from './schema.ts'

export interface Health {
  domain: Domain
  report(): Promise<HealthReport>
}

/** Asks every domain's checks. One that breaks is an issue itself and hides no other. */
export function createHealth({ checks, log }: { checks: () => readonly HealthCheck[]; log: Log }): Health {
  async function report(): Promise<HealthReport> {
    const issues = (await Promise.all(checks().map(check => ask(check, log)))).flat()
    return { state: worstOf(issues), issues }
  }
  const domain: Domain = {
    name: 'health',
    routes: [
      route({
        method: 'get',
        path: '/health',
        access: 'member',
        summary: 'What is wrong, what it means, and what to do (members: only whether)',
        tag: 'health',
        reply: healthReport,
        // What is wrong names disks and people: members hear that something is.
        async handle({ actor }) {
          const { state, issues } = await report()
          return { state, issues: actor.role === 'admin' ? issues : [] }
        },
      }),
    ],
  }
  return { domain, report }
}

async function ask(check: HealthCheck, log: Log): Promise<HealthIssue[]> {
  try {
    return await check()
  } catch (error) {
    log.error('health check failed', { error })
    return [brokenCheck]
  }
}

const brokenCheck: HealthIssue = {
  code: 'health/check-failed',
  severity: 'warning',
  title: 'A health check did not answer',
  detail: 'Cairn could not look at one of its parts. The others are shown as they are.',
  suggestions: [{ label: 'Look again in a minute' }],
}

function worstOf(issues: readonly HealthIssue[]): HealthReport['state'] {
  if (issues.some(issue => issue.severity === 'danger')) return 'danger'
  return issues.length > 0 ? 'warning' : 'ok'
}
