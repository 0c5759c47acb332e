import { join } from 'node:path'
import test from 'ava'
import { keepInMemory, openIndexDatabase, ownCacheBytes } from '../../appliance/files/store/index-database.ts'
import { tempFolder } from '../helpers/temp.ts'

test('an index keeps as much in memory as it is told, also while it is open', async t => {
  const path = join(await tempFolder(t), 'files.db')
  const plain = openIndexDatabase(path)
  t.teardown(() => plain.close())
  const told = openIndexDatabase(path, 64 * 1024 ** 2)
  t.teardown(() => told.close())
  const kept = (database: typeof plain) => database.pragma('cache_size', { simple: true })
  t.is(kept(plain), -ownCacheBytes / 1024)
  t.is(kept(told), -65_536)
  keepInMemory(plain, 4 * 1024 ** 2)
  t.is(kept(plain), -4096)
})
