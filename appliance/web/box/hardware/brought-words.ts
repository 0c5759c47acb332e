import type { TFunction } from 'i18next'
import type { BroughtResult } from '../../api/tuning.ts'

type Percent = BroughtResult['percent']

/** Where zero lies within what is likely, nothing is claimed. */
export function kindOfBrought({ low, high }: Percent): 'ok' | 'off' | 'warning' {
  if (low > 0) return 'ok'
  return high < 0 ? 'warning' : 'off'
}

export function broughtWords(t: TFunction, percent: Percent, locale?: string): string {
  const { median, low, high } = percent
  const number = (value: number, signDisplay: 'auto' | 'exceptZero' = 'auto') =>
    new Intl.NumberFormat(locale, {
      maximumFractionDigits: Math.abs(value) < 10 ? 1 : 0,
      signDisplay,
    }).format(value)
  switch (kindOfBrought(percent)) {
    case 'ok':
      return t('hardware.brought.faster', { percent: number(median), low: number(low), high: number(high) })
    case 'warning':
      return t('hardware.brought.slower', {
        percent: number(-median),
        low: number(-high),
        high: number(-low),
      })
    case 'off':
      return t('hardware.brought.none', {
        low: number(low, 'exceptZero'),
        high: number(high, 'exceptZero'),
      })
  }
}
