import type { HealthCheck, HealthIssue } from '../lib/domain.ts'
import type { UpdateService } from './service/index.ts'

const updatesPage = '/updates'

export function updateChecks(updates: UpdateService): HealthCheck[] {
  return [
    async () => (updates.facts().isOnTrial ? [onTrial(updates.facts().version)] : []),
    async () => {
      const failing = updates.facts().isPossible ? await updates.isFailingLong() : null
      return failing ? [nothingFoundOut(failing)] : []
    },
  ]
}

function onTrial(version: string): HealthIssue {
  return {
    code: 'updates/on-trial',
    severity: 'warning',
    title: `Version ${version} is on trial`,
    detail: 'For some minutes settings cannot be changed. Files are not affected.',
    suggestions: [{ label: 'Wait, or see This box, Updates', href: updatesPage }],
  }
}

function nothingFoundOut({ since, message }: { since: number; message: string }): HealthIssue {
  const day = new Date(since).toISOString().slice(0, 10)
  return {
    code: 'updates/not-found-out',
    severity: 'warning',
    title: `Since ${day} this box could not find out whether there is an update`,
    detail: `${message} Files are not affected, but what was repaired since then may be missing here.`,
    suggestions: [{ label: 'See where updates come from', href: updatesPage }],
  }
}
