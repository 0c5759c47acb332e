import type { TFunction } from 'i18next'

/** `3 minutes left`, rounded up so that it does not reach zero early. */
export function timeLeft(t: TFunction, seconds: number): string {
  if (seconds < 60) return t('left.seconds', { count: Math.max(1, Math.ceil(seconds)) })
  if (seconds < 3600) return t('left.minutes', { count: Math.ceil(seconds / 60) })
  return t('left.hours', { count: Math.ceil(seconds / 3600) })
}
