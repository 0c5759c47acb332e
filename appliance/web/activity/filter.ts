import { type ActivityFilter, type Face, faces } from '../api/journal.ts'
import { startOfDay } from '../kit/format/day.ts'

/** The filter as it stands in the address of the page, so that it can be linked to, and Back works. */
export interface Wanted {
  actor?: string | undefined
  device?: string | undefined
  face?: Face | undefined
  folder?: string | undefined
  when: When
  /** Days, as `2026-03-29`, where `when` is `days`. */
  from?: string | undefined
  to?: string | undefined
}

export const whens = ['any', 'today', 'week', 'month', 'days'] as const
export type When = (typeof whens)[number]

export function wantedOf(search: URLSearchParams): Wanted {
  const text = (name: string) => search.get(name) ?? undefined
  return {
    actor: text('actor'),
    device: text('device'),
    face: faces.find(face => face === search.get('face')),
    folder: text('folder'),
    when: whens.find(when => when === search.get('when')) ?? 'any',
    from: dayIn(text('from')),
    to: dayIn(text('to')),
  }
}

export function searchOf({ when, ...wanted }: Wanted): Record<string, string> {
  const { from, to, ...rest } = wanted
  const named = { ...rest, ...(when === 'days' ? { from, to } : {}), when: when === 'any' ? undefined : when }
  return Object.fromEntries(Object.entries(named).flatMap(([name, value]) => (value ? [[name, value]] : [])))
}

const daysBefore = { today: 0, week: 6, month: 29 } as const

export function filterOf({ when, from, to, ...rest }: Wanted, now: Date): ActivityFilter {
  if (when === 'any') return rest
  if (when !== 'days') return { ...rest, from: startOfDay(now, daysBefore[when]).toISOString() }
  return {
    ...rest,
    from: from === undefined ? undefined : new Date(`${from}T00:00:00`).toISOString(),
    to: to === undefined ? undefined : new Date(`${to}T23:59:59.999`).toISOString(),
  }
}

export function countOf({ when, actor, device, face, folder }: Wanted): number {
  return [actor, device, face, folder, when === 'any' ? undefined : when].filter(Boolean).length
}

function dayIn(text: string | undefined): string | undefined {
  return text !== undefined && !Number.isNaN(Date.parse(`${text}T00:00:00`)) ? text : undefined
}
