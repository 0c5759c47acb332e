import { closeSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { isDelegated, recallDelegation } from '../../appliance/lib/delegations.ts'
import { tempFolder } from '../helpers/temp.ts'

test('a file that nobody was lent is not asked back, and asking changes nothing', async t => {
  const path = join(await tempFolder(t), 'a')
  writeFileSync(path, 'a')
  const fd = openSync(path, 'r')
  t.false(isDelegated(fd))
  t.notThrows(() => recallDelegation(fd))
  closeSync(fd)
})
