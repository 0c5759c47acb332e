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
  if (name === 'tls.ciphers') return value.split(',').map(withoutAffixes).join(', ')
  return value.replaceAll(',', ', ').replace(/^(\d+)%$/, '$1 %')
}

/** `TLS_AES_128_GCM_SHA256` is the name of a suite; people know the cipher. */
function withoutAffixes(suite: string): string {
  return suite
    .replace(/^TLS_/, '')
    .replace(/_SHA\d+$/, '')
    .replaceAll('_', '-')
    .replace('CHACHA20-POLY1305', 'ChaCha20-Poly1305')
}
