import type { SettingGroup } from '../schema/index.ts'

/** A setting that a part of Cairn itself takes up: what is taken is kept in the database, and that part is told. */
export interface TakenPlace {
  name: string
  /** In words, for `This machine has no …`. */
  what: string
  group: SettingGroup
  /** All that it accepts, where that is a short list. */
  choices?: readonly string[]
  accepts(value: string): boolean
}

const signature = '(AES-128-GMAC|AES-128-CMAC|HMAC-SHA256)'
const suite = '(TLS_AES_128_GCM_SHA256|TLS_AES_256_GCM_SHA384|TLS_CHACHA20_POLY1305_SHA256)'
const cipher = '(AES-128-GCM|AES-256-GCM|AES-128-CCM|AES-256-CCM)'

/** What Samba and the NFS servers are told, shares see to; the index is opened by files. */
export const takenPlaces: readonly TakenPlace[] = [
  ofSamba('multichannel', 'SMB over several cards', oneOf('yes', 'no')),
  ofSamba('signing', 'order of signatures, SMB', { accepts: listOf(signature, 3) }),
  ofSamba('encryption', 'order of ciphers, SMB', { accepts: listOf(cipher, 4) }),
  ofSamba('async', 'several requests at once, SMB', oneOf('yes', 'no')),
  { name: 'nfs.threads', what: 'NFS requests at once', group: 'faces', accepts: fromTo(1, 1000) },
  {
    name: 'tls.ciphers',
    what: 'order of ciphers, HTTPS',
    group: 'servers',
    accepts: value => listOf(suite, 3)(value) && value.split(',').length === 3,
  },
  { name: 'servers.count', what: 'server processes', group: 'servers', accepts: fromTo(1, 64) },
  {
    name: 'sqlite.cache',
    what: 'memory for the index',
    group: 'servers',
    accepts: fromTo(1024 ** 2, 512 * 1024 ** 2),
  },
]

function ofSamba(setting: string, what: string, values: Pick<TakenPlace, 'accepts' | 'choices'>): TakenPlace {
  return { name: `samba.${setting}`, what, group: 'faces', ...values }
}

export function oneOf(...choices: readonly string[]): {
  choices: readonly string[]
  accepts: TakenPlace['accepts']
} {
  return { choices, accepts: value => choices.includes(value) }
}

/** A whole number. */
function fromTo(least: number, most: number): TakenPlace['accepts'] {
  return value => /^[1-9]\d{0,11}$/.test(value) && Number(value) >= least && Number(value) <= most
}

/** Each at most once, with commas between. */
function listOf(one: string, most: number): TakenPlace['accepts'] {
  const pattern = new RegExp(`^${one}(,${one}){0,${most - 1}}$`)
  return value => pattern.test(value) && new Set(value.split(',')).size === value.split(',').length
}
