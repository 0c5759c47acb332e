import type { RawFacts, Settable } from '../schema/index.ts'

/** Samba's own values, which count where the configuration says nothing. */
export const sambaDefaults = ['testparm', '-s', '-v', '/dev/null'] as const

/** What of it is read here: it is five hundred lines. */
export const sambaParameter =
  /^\s*(server multi channel support|server smb3 \w+ algorithms|aio (read|write) size) = /

const readers: Record<string, [parameter: string, meaning: (said: string) => string]> = {
  'samba.multichannel': ['server multi channel support', said => said.toLowerCase()],
  'samba.signing': ['server smb3 signing algorithms', listed],
  'samba.encryption': ['server smb3 encryption algorithms', listed],
  'samba.async': ['aio read size', said => (said === '0' ? 'no' : 'yes')],
}

/** How Samba does by itself what can be set, and why some of it cannot be. */
export function parseSamba(raw: RawFacts): Record<string, Settable> {
  const printed = raw.printed[sambaDefaults.join(' ')]
  const said = new Map(
    (printed ?? '').split('\n').map(line => {
      const [parameter = '', value = ''] = line.split(' = ')
      return [parameter.trim(), value.trim()] as const
    }),
  )
  return Object.fromEntries(
    Object.entries(readers).map(([name, [parameter, meaning]]) => {
      const value = said.get(parameter)
      return [name, value === undefined ? absent(printed) : { value: meaning(value), problem: null }]
    }),
  )
}

function listed(said: string): string {
  return said.split(/,\s*/).join(',')
}

function absent(printed: string | undefined): Settable {
  const problem = printed === undefined ? 'Samba does not run here.' : 'The Samba here does not know it.'
  return { value: null, problem }
}
