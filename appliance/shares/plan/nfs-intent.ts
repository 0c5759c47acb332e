import { type NfsExport, type NfsIntent, nfsIntent } from '../schema.ts'

export interface NfsSource {
  exports: readonly {
    number: number
    kind: 'shares' | 'homes'
    name: string
    isEnabled: boolean
    access: 'read' | 'write'
    clients: readonly string[]
    hasSnapshots: boolean
  }[]
  shares: readonly { name: string; pool: string; state: string }[]
  homes: readonly { userName: string; pool: string; state: string }[]
  isAvailable(pool: string): boolean
  /** What the tuning says, by the names of its settings. */
  taken?: Readonly<Record<string, string>>
}

/** What is to be exported, from what people decided. A home is exported only while its account is there. */
export function nfsIntentOf({ exports, shares, homes, isAvailable, taken = {} }: NfsSource): NfsIntent {
  const poolOf = (kind: 'shares' | 'homes', name: string) =>
    kind === 'shares'
      ? shares.find(share => share.name === name && share.state === 'ready')?.pool
      : homes.find(home => home.userName === name && home.state === 'ready')?.pool
  const threads = nfsIntent.shape.threads.safeParse(Number(taken['nfs.threads'])).data
  return {
    ...(threads === undefined ? {} : { threads }),
    exports: exports.flatMap(({ isEnabled, ...one }): NfsExport[] => {
      const pool = poolOf(one.kind, one.name)
      if (!isEnabled || pool === undefined || !isAvailable(pool)) return []
      return [{ ...one, clients: [...one.clients], pool }]
    }),
  }
}
