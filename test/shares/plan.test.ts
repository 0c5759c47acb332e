import test from 'ava'
import { revokedBetween } from '../../appliance/shares/plan/revoked.ts'
import { type GrantTable, rightOf } from '../../appliance/shares/plan/rights.ts'
import type { SmbExport, SmbIntent } from '../../appliance/shares/schema.ts'

const table = (grants: Partial<GrantTable>): GrantTable => ({
  everyone: 'none',
  users: {},
  groups: {},
  ...grants,
})

for (const [what, grants, right] of [
  ['nothing was given', {}, 'none'],
  ['everyone may read', { everyone: 'read' }, 'read'],
  ['the highest counts: group', { users: { bob: 'read' }, groups: { team: 'write' } }, 'write'],
  ['the highest counts: everyone', { everyone: 'write', users: { bob: 'read' } }, 'write'],
  [
    'none by name takes all away',
    { everyone: 'write', groups: { team: 'write' }, users: { bob: 'none' } },
    'none',
  ],
  ['none for a group takes away what everyone has', { everyone: 'write', groups: { team: 'none' } }, 'none'],
  [
    'none for a group leaves what was given by name',
    { groups: { team: 'none' }, users: { bob: 'read' } },
    'read',
  ],
  ['a group one is not in', { groups: { others: 'write' } }, 'none'],
  ['a group with an odd name', { groups: { constructor: 'write' } }, 'none'],
] as const) {
  test(`a right: ${what}`, t => {
    t.is(rightOf('bob', ['team', 'toString'], table(grants)), right)
  })
}

const shared = (change: Partial<SmbExport>): SmbExport => ({
  kind: 'shares',
  name: 'shared',
  pool: 'pool',
  isAvailable: true,
  readers: [],
  writers: [],
  ...change,
})
const intent = (exports: SmbExport[], hashes: Record<string, string> = {}): SmbIntent => ({
  hostName: 'cairn',
  accounts: Object.entries(hashes).map(([name, ntHash], index) => ({
    name,
    number: index + 1,
    displayName: name,
    ntHash,
  })),
  exports,
})

test('connections are cut from whom a right was taken, and from nobody else', t => {
  const before = intent([shared({ readers: ['carol', 'dave'], writers: ['alice', 'bob'] })])
  const after = intent([shared({ readers: ['bob', 'carol'], writers: ['alice', 'dave'] })])
  t.deepEqual(revokedBetween(before, after), {
    connections: [{ share: 'shared', users: ['bob'] }],
    users: [],
  })
})

test('a share that went, or whose pool went, is closed for all', t => {
  const before = intent([shared({ readers: ['bob'], writers: ['alice'] })])
  const closed = { connections: [{ share: 'shared', users: ['alice', 'bob'] }], users: [] }
  t.deepEqual(revokedBetween(before, intent([])), closed)
  const away = intent([shared({ readers: ['bob'], writers: ['alice'], isAvailable: false })])
  t.deepEqual(revokedBetween(before, away), closed)
})

test('an account that went or has another password is cut off everywhere', t => {
  const before = intent([], { alice: 'A', bob: 'B', carol: 'C' })
  t.deepEqual(revokedBetween(before, intent([], { alice: 'A', bob: 'X' })).users, ['bob', 'carol'])
})
