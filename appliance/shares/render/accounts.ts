import type { SmbAccount } from '../schema.ts'
import { serviceAccount } from './smb-conf.ts'

/** Far from any account of the host; nothing on disk ever carries these. */
const firstUid = 27_700_000
const nobodyId = 65_534

const uidOf = (account: SmbAccount) => firstUid + account.number

/** passwd(5) as nss_wrapper shows it to smbd alone. Nothing of the host's is in it. */
export function renderPasswd(accounts: readonly SmbAccount[], serviceId: number): string {
  const system = [
    'root:x:0:0:root:/:/usr/sbin/nologin',
    `nobody:x:${nobodyId}:${nobodyId}:nobody:/:/usr/sbin/nologin`,
    `${serviceAccount}:x:${serviceId}:${serviceId}:Cairn:/:/usr/sbin/nologin`,
  ]
  const people = accounts.map(
    account => `${account.name}:x:${uidOf(account)}:${nobodyId}:${account.displayName}:/:/usr/sbin/nologin`,
  )
  return `${[...system, ...people].join('\n')}\n`
}

/** group(5), likewise. */
export function renderGroup(serviceId: number): string {
  return `root:x:0:\nnogroup:x:${nobodyId}:\n${serviceAccount}:x:${serviceId}:\n`
}

/**
 * The time of the last change, which must not be 0. In the far future (2097): a client that changes its password over
 * SMB (SAMR) would have it written into the rendered file, and is refused as too early instead.
 */
const lastChange = 'LCT-F0000000'

/** smbpasswd(5), without LM hashes. */
export function renderSmbPasswd(accounts: readonly SmbAccount[]): string {
  const lines = accounts.map(
    account =>
      `${account.name}:${uidOf(account)}:${'X'.repeat(32)}:${account.ntHash}:[U          ]:${lastChange}:`,
  )
  return lines.map(line => `${line}\n`).join('')
}
