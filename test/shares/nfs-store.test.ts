import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { sql } from 'kysely'
import { openDatabase } from '../../appliance/lib/database.ts'
import { lastNfsNumber, mostNfsExports } from '../../appliance/shares/schema.ts'
import { createStore } from '../../appliance/shares/store/index.ts'
import { shareMigrations } from '../../appliance/shares/store/migrations.ts'
import type { NfsSetting } from '../../appliance/shares/store/nfs.ts'
import { userMigrations } from '../../appliance/users/store/migrations.ts'
import { tempFolder } from '../helpers/temp.ts'

async function openStore(t: ExecutionContext, names: readonly string[]) {
  const path = join(await tempFolder(t), 'cairn.db')
  const database = await openDatabase(path, [...userMigrations, ...shareMigrations])
  t.teardown(() => database.destroy())
  const share = { pool: 'pool', everyone: 'none', state: 'ready', createdAt: 1 } as const
  await database
    .insertInto('share')
    .values(names.map(name => ({ ...share, name })))
    .execute()
  return { database, store: createStore(database) }
}

const setting: Omit<NfsSetting, 'name'> = {
  kind: 'shares',
  isEnabled: true,
  clients: ['nas'],
  access: 'read',
  hasSnapshots: false,
}

test('when no number is left nothing else is exported, in words, and what there is can be changed', async t => {
  const { database, store } = await openStore(t, ['last', 'late'])
  await store.nfs.set({ ...setting, name: 'last' })
  await sql`update sqlite_sequence set seq = ${lastNfsNumber} where name = 'nfsExport'`.execute(database)
  const error = await t.throwsAsync(store.nfs.set({ ...setting, name: 'late' }), { message: /32767 times/ })
  t.is((error as { code?: string }).code, 'shares/nfs-numbers-used-up')
  await store.nfs.set({ ...setting, name: 'last', isEnabled: false })
  t.deepEqual(
    (await store.nfs.list()).map(({ name, isEnabled }) => [name, isEnabled]),
    [['last', false]],
  )
})

test('more exports than the NFS server is told of are refused, in words', async t => {
  const names = Array.from({ length: mostNfsExports + 1 }, (_, index) => `share${index}`)
  const { store } = await openStore(t, names)
  for (const name of names.slice(1)) await store.nfs.set({ ...setting, name })
  await t.throwsAsync(store.nfs.set({ ...setting, name: 'share0' }), { message: /At most 1000 shares/ })
  await store.nfs.remove({ kind: 'shares', name: 'share1' })
  await store.nfs.set({ ...setting, name: 'share0' })
  t.is((await store.nfs.list()).length, mostNfsExports)
})
