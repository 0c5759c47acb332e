import type { HealthCheck } from '../../lib/domain.ts'

/** Is a part of what happened out of reach? */
export function journalChecks(givenUp: () => { pool: string; file: string }[]): HealthCheck {
  return async () =>
    givenUp().map(({ pool, file }) => ({
      code: 'files/journal-damaged',
      subject: file,
      severity: 'warning',
      title: `A part of the journal of ${pool} is damaged`,
      detail: `${file} cannot be read, so what it says of earlier changes does not show. Files are not affected, and new changes are recorded in a new file.`,
      suggestions: [{ label: 'Copy the file if you want to have it examined, then delete it' }],
    }))
}
