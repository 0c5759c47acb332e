import type { TFunction } from 'i18next'

/** Why something cannot be called that, or undefined. The box checks again; this only answers sooner. */
export function nameProblem(
  t: TFunction,
  name: string,
  isTaken: (name: string) => boolean,
): string | undefined {
  if (name.includes('/')) return t('name.slash')
  if (name === '.' || name === '..' || name === '.cairn') return t('name.reserved')
  if (new TextEncoder().encode(name).length > 255) return t('name.long')
  return isTaken(name) ? t('name.taken') : undefined
}
