import { hash, verify } from '@node-rs/argon2'
import { md4 } from 'hash-wasm'
import { randomToken } from '../../lib/secret.ts'
import { createLimit } from './limit.ts'

/** OWASP's smallest recommended argon2id: 19 MiB, so that two at once suit a box with 1 GB. */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }
const atOnce = 2
const mostWaiting = 64

export interface Passwords {
  hash(password: string): Promise<{ passwordHash: string; ntHash: string }>
  /** Takes as long for `undefined`, an account that does not exist. */
  isRight(passwordHash: string | undefined, password: string): Promise<boolean>
}

export function createPasswords(): Passwords {
  const limit = createLimit(atOnce, mostWaiting)
  let nobodys: Promise<string> | undefined
  return {
    async hash(password) {
      const [passwordHash, ntHash] = await Promise.all([
        limit(() => hash(password, cost)),
        ntHashOf(password),
      ])
      return { passwordHash, ntHash }
    },
    async isRight(passwordHash, password) {
      nobodys ??= hash(randomToken(), cost)
      const against = passwordHash ?? (await nobodys)
      const isMatch = await limit(() => verify(against, password))
      return isMatch && passwordHash !== undefined
    },
  }
}

/** MS-NLMP 3.3.1 NTOWFv1: MD4 of the password in UTF-16LE, upper-case hex. */
export async function ntHashOf(password: string): Promise<string> {
  return (await md4(Buffer.from(password, 'utf16le'))).toUpperCase()
}
