const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

const steps = [
  { unit: 'minute', ms: minute, below: hour },
  { unit: 'hour', ms: hour, below: day },
  { unit: 'day', ms: day, below: 7 * day },
] as const

/** `3 minutes ago`, `yesterday`; older than a week, the date itself. */
export function formatAgo(date: Date, now: Date, locale = 'en'): string {
  const passed = now.getTime() - date.getTime()
  if (Math.abs(passed) < minute) return relative(locale).format(0, 'second')
  const step = steps.find(({ below }) => Math.abs(passed) < below)
  if (!step) return formatDay(date, now, locale)
  return relative(locale).format(-Math.round(passed / step.ms), step.unit)
}

export function formatExact(date: Date, locale = 'en'): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: 'full', timeStyle: 'medium' }).format(date)
}

function formatDay(date: Date, now: Date, locale: string): string {
  const isThisYear = date.getFullYear() === now.getFullYear()
  const year = isThisYear ? {} : ({ year: 'numeric' } as const)
  return new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', ...year }).format(date)
}

function relative(locale: string) {
  return new Intl.RelativeTimeFormat(locale, { numeric: 'auto' })
}
