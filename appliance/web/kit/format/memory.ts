const units = ['bytes', 'KB', 'MB', 'GB'] as const

/** As memory is sold and the kernel counts it, in powers of two: 8,589,934,592 is `8 GB`. */
export function formatMemory(bytes: number, locale?: string): string {
  const power = bytes < 1024 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), units.length - 1)
  const scaled = bytes / 1024 ** power
  const digits = scaled >= 100 || power === 0 ? 0 : 1
  return `${new Intl.NumberFormat(locale, { maximumFractionDigits: digits }).format(scaled)} ${units[power]}`
}
