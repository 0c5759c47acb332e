import { closeSync, openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { whileNotOpenForWriting } from '../../appliance/lib/posix.ts'
import { tempFolder } from '../helpers/temp.ts'

test('a file that is open for writing is told from one that is not', async t => {
  const path = join(await tempFolder(t), 'a')
  writeFileSync(path, 'a')
  const fd = openSync(path, 'r')
  const act = () => t.pass()
  t.true(whileNotOpenForWriting(fd, act))
  const writer = openSync(path, 'r+')
  t.false(whileNotOpenForWriting(fd, act))
  closeSync(writer)
  t.true(whileNotOpenForWriting(fd, act))
  closeSync(fd)
})
