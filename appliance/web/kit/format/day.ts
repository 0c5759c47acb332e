/** A name for the day in which a time falls here: `2026-03-29`. */
export function dayOf(date: Date): string {
  const part = (value: number) => String(value).padStart(2, '0')
  return `${date.getFullYear()}-${part(date.getMonth() + 1)}-${part(date.getDate())}`
}

/** The first moment, here, of the day that many days before this one. */
export function startOfDay(date: Date, daysBefore = 0): Date {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() - daysBefore)
}

/** `Today`, `Yesterday`, else the date with its weekday. */
export function formatDayHead(date: Date, now: Date, locale = 'en'): string {
  const relative = [0, 1].find(days => dayOf(startOfDay(now, days)) === dayOf(date))
  if (relative !== undefined) {
    const words = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }).format(-relative, 'day')
    return words.charAt(0).toLocaleUpperCase(locale) + words.slice(1)
  }
  const year = date.getFullYear() === now.getFullYear() ? {} : ({ year: 'numeric' } as const)
  return new Intl.DateTimeFormat(locale, { weekday: 'long', day: 'numeric', month: 'long', ...year }).format(
    date,
  )
}

export function formatClock(date: Date, locale = 'en'): string {
  return new Intl.DateTimeFormat(locale, { timeStyle: 'short' }).format(date)
}
