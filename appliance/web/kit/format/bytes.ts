const units = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'] as const

/** Decimal units, as on the label of a disk: 3,600,000,000,000 is `3.6 TB`. */
export function formatBytes(bytes: number, locale?: string): string {
  const power = bytes < 1000 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), units.length - 1)
  const scaled = bytes / 1000 ** power
  // 999.96 KB would be shown as `1,000 KB`.
  if (power > 0 && power < units.length - 1 && scaled >= 999.5)
    return formatBytes(1000 ** (power + 1), locale)
  const digits = power === 0 || scaled >= 100 ? 0 : 1
  return `${new Intl.NumberFormat(locale, { maximumFractionDigits: digits }).format(scaled)} ${units[power]}`
}
