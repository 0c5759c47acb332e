import { formatMemory } from '../../kit/format/memory.ts'

const inBytes = /^(vm\.dirty(-background)?|zram\.size|sqlite\.cache)$/

/** A value as people read it. What is a word already stays as it is. */
export function valueWords(name: string, value: string, locale?: string): string {
  if (inBytes.test(name) && /^\d+$/.test(value)) return formatMemory(Number(value), locale)
  if (name.endsWith('.read-ahead')) return formatMemory(Number(value) * 1024, locale)
  if (/^net\.tcp-/.test(name))
    return value
      .split(' ')
      .map(bytes => formatMemory(Number(bytes), locale))
      .join(', ')
  return value.replaceAll(',', ', ').replace(/^(\d+)%$/, '$1 %')
}
