import type { Difference, DifferenceKind } from '../schema.ts'

export type Row = Readonly<Record<string, string | number | bigint | null | Uint8Array>>
export type Tables = ReadonlyMap<string, readonly Row[]>

interface Meaning {
  what: DifferenceKind
  /** What makes it this one, and no other. */
  key: readonly string[]
  /** What people call it; null: it has no name, and is only counted. */
  name(row: Row): string | null
  /** Changes of these mean something of their own; absent: all the others mean `what`. */
  columns?: Readonly<Record<string, DifferenceKind>>
  /** Changes of these mean nothing. */
  ignored?: readonly string[]
}

const text = (row: Row, column: string) => String(row[column] ?? '')
const of = (column: string) => (row: Row) => text(row, column)
const both = (one: string, other: string) => (row: Row) => `${text(row, one)} (${text(row, other)})`

/** What the rows of each table are to people. */
const meanings: Readonly<Record<string, Meaning>> = {
  user: {
    what: 'people',
    key: ['name', 'number'],
    name: of('name'),
    columns: { role: 'roles', passwordHash: 'passwords', ntHash: 'passwords' },
  },
  userGroup: { what: 'groups', key: ['name'], name: of('name') },
  groupMember: { what: 'members', key: ['groupName', 'userName'], name: both('userName', 'groupName') },
  session: { what: 'sessions', key: ['id'], name: () => null, ignored: ['expiresAt'] },
  appPassword: { what: 'devices', key: ['id'], name: both('label', 'userName'), ignored: ['lastUsedAt'] },
  share: { what: 'shares', key: ['name'], name: of('name'), columns: { everyone: 'rights' } },
  shareUserGrant: { what: 'rights', key: ['shareName', 'userName'], name: both('shareName', 'userName') },
  shareGroupGrant: { what: 'rights', key: ['shareName', 'groupName'], name: both('shareName', 'groupName') },
  home: { what: 'homes', key: ['userName'], name: of('userName'), ignored: ['state'] },
  nfsExport: { what: 'nfs', key: ['kind', 'name'], name: of('name'), ignored: ['number'] },
  pool: { what: 'pools', key: ['name'], name: of('name') },
  poolDisk: { what: 'pools', key: ['pool', 'devid'], name: of('pool') },
  snapshotLabel: { what: 'labels', key: ['pool', 'kind', 'subvolume', 'snapshot'], name: of('label') },
  setting: { what: 'settings', key: ['key'], name: of('key') },
  tuningChoice: { what: 'tuning', key: ['setting'], name: of('setting') },
  tuningAutomatic: { what: 'tuning', key: ['id'], name: () => 'automatic', ignored: ['switchedAt'] },
  tuningPutBack: { what: 'tuning', key: ['setting'], name: of('setting'), ignored: ['putBackAt'] },
  davProperty: { what: 'properties', key: ['fileId', 'namespace', 'name'], name: () => null },
  davLock: { what: 'locks', key: ['token'], name: () => null, ignored: ['endsAt'] },
}

/** What Cairn keeps for itself: found, measured or counted anew. */
const nobodys = new Set([
  ...['migration', 'takenName', 'userNumber', 'job', 'fileLastSeen', 'poolReplacement', 'retiredDisk'],
  ...['tuningMeasurement', 'tuningTaken', 'tuningUndone', 'tuningCancelled', 'sqlite_sequence'],
])
const withoutMeaning = /^setup\//

/** How the one state of the settings differs from the other, in the things that people know. */
export function differencesOf(from: Tables, to: Tables): Difference[] {
  const found = new Map<
    string,
    { what: DifferenceKind; how: Difference['how']; names: Set<string>; count: number }
  >()
  const note = (what: DifferenceKind, how: Difference['how'], name: string | null) => {
    const key = `${what} ${how}`
    const entry = found.get(key) ?? { what, how, names: new Set<string>(), count: 0 }
    found.set(key, entry)
    if (name !== null && entry.names.has(name)) return
    if (name !== null) entry.names.add(name)
    entry.count += 1
  }
  for (const table of new Set([...from.keys(), ...to.keys()])) {
    if (nobodys.has(table)) continue
    const meaning = meanings[table] ?? unknown(table)
    compareRows(meaning, from.get(table) ?? [], to.get(table) ?? [], note)
  }
  return [...found.values()].map(({ names, ...rest }) => ({ ...rest, names: [...names].sort() }))
}

/** A newer version than this one's words may keep what these do not know. */
function unknown(table: string): Meaning {
  return { what: 'other', key: [], name: () => table }
}

function compareRows(
  meaning: Meaning,
  from: readonly Row[],
  to: readonly Row[],
  note: (what: DifferenceKind, how: Difference['how'], name: string | null) => void,
) {
  const keyOf = (row: Row) =>
    JSON.stringify(meaning.key.length > 0 ? meaning.key.map(one => row[one]) : plain(row))
  const counts = (row: Row) => meaning.what !== 'settings' || !withoutMeaning.test(text(row, 'key'))
  const before = new Map(from.filter(counts).map(row => [keyOf(row), row]))
  const after = new Map(to.filter(counts).map(row => [keyOf(row), row]))
  for (const [key, row] of before) if (!after.has(key)) note(meaning.what, 'removed', meaning.name(row))
  for (const [key, row] of after) {
    const earlier = before.get(key)
    if (!earlier) note(meaning.what, 'added', meaning.name(row))
    else for (const what of changesOf(meaning, earlier, row)) note(what, 'changed', meaning.name(row))
  }
}

/** Only in what both know. */
function changesOf({ what, columns = {}, ignored = [] }: Meaning, from: Row, to: Row): Set<DifferenceKind> {
  const changed = Object.keys(from).filter(
    column => column in to && !ignored.includes(column) && plain(from[column]) !== plain(to[column]),
  )
  return new Set(changed.map(column => columns[column] ?? what))
}

function plain(value: unknown): string {
  return JSON.stringify(value, (_key, inner) => (typeof inner === 'bigint' ? String(inner) : inner))
}
