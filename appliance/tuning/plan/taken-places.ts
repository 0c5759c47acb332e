import type { SettingGroup } from '../schema/index.ts'

/** A setting that a part of Cairn itself takes up: what is taken is kept in the database, and that part is told. */
export interface TakenPlace {
  name: string
  /** In words, for `This machine has no …`. */
  what: string
  group: SettingGroup
  accepts(value: string): boolean
}

const yesOrNo = /^(yes|no)$/
const signature = '(AES-128-GMAC|AES-128-CMAC|HMAC-SHA256)'
const cipher = '(AES-128-GCM|AES-256-GCM|AES-128-CCM|AES-256-CCM)'

/** smb.conf(5); shares render them. */
export const takenPlaces: readonly TakenPlace[] = [
  ofSamba('multichannel', 'SMB over several cards', matching(yesOrNo)),
  ofSamba('signing', 'order of signatures, SMB', listOf(signature, 3)),
  ofSamba('encryption', 'order of ciphers, SMB', listOf(cipher, 4)),
  ofSamba('async', 'several requests at once, SMB', matching(yesOrNo)),
]

function ofSamba(setting: string, what: string, accepts: TakenPlace['accepts']): TakenPlace {
  return { name: `samba.${setting}`, what, group: 'faces', accepts }
}

function matching(pattern: RegExp): TakenPlace['accepts'] {
  return value => pattern.test(value)
}

/** Each at most once, with commas between. */
function listOf(one: string, most: number): TakenPlace['accepts'] {
  const pattern = new RegExp(`^${one}(,${one}){0,${most - 1}}$`)
  return value => pattern.test(value) && new Set(value.split(',')).size === value.split(',').length
}
