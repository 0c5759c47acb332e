/** How Node's OpenSSL has them by itself: the suites of TLS 1.3 (RFC 8446 B.4), which a client may each ask for. */
export const usualSuites = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
] as const

/** The same cipher in TLS 1.2, for whichever key the certificate has (openssl-ciphers(1)). */
const older: Readonly<Record<string, readonly string[]>> = {
  TLS_AES_256_GCM_SHA384: ['ECDHE-ECDSA-AES256-GCM-SHA384', 'ECDHE-RSA-AES256-GCM-SHA384'],
  TLS_CHACHA20_POLY1305_SHA256: ['ECDHE-ECDSA-CHACHA20-POLY1305', 'ECDHE-RSA-CHACHA20-POLY1305'],
  TLS_AES_128_GCM_SHA256: ['ECDHE-ECDSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES128-GCM-SHA256'],
}

/**
 * All that is offered otherwise, but these suites and what they are in TLS 1.2 first, in this order. `usual` is the list that
 * counts where nothing is said.
 */
export function cipherList(order: readonly string[], usual: string): string {
  const rest = usual.split(':').filter(name => !name.startsWith('TLS_'))
  return [...order, ...order.flatMap(suite => older[suite] ?? []), ...rest].join(':')
}
