import { createHash, createHmac, type KeyObject, randomBytes, timingSafeEqual } from 'node:crypto'

const crockford = '0123456789abcdefghjkmnpqrstvwxyz'

/** `bits` of randomness in Crockford's base 32: no look-alikes, safe in URLs and easy to type. */
export function randomToken(bits = 128): string {
  const bytes = randomBytes(Math.ceil(bits / 5))
  return Array.from(bytes, byte => crockford[byte & 31]).join('')
}

/** SHA-256, hex: enough for secrets that are random already. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** HMAC-SHA-256. With a KeyObject: a Buffer as the key takes ten times as long. */
export function keyedHash(key: KeyObject, text: string): string {
  return createHmac('sha256', key).update(text).digest('base64url')
}

export function equalSecrets(a: string, b: string): boolean {
  return timingSafeEqual(Buffer.from(sha256(a)), Buffer.from(sha256(b)))
}
