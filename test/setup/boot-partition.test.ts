import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { createLocalAgent } from '../../appliance/agent/client.ts'
import { silentLog } from '../../appliance/lib/log.ts'
import { createSetupOperations } from '../../appliance/setup/system.ts'
import { tempFolder } from '../helpers/temp.ts'

async function bootPartition(t: ExecutionContext) {
  const folder = await tempFolder(t)
  const path = (name: string) => join(folder, name)
  await writeFile(path('console'), '')
  const operations = createSetupOperations({
    folder,
    consoleNote: join(folder, 'issue.d', 'note'),
    console: path('console'),
  })
  return { path, agent: createLocalAgent(operations, silentLog) }
}

const document = { admin: { name: 'ann', password: 'Ann-secret-9' }, users: [{ name: 'bob', password: 'b' }] }

test('a setup file is read, and its passwords are overwritten where they are', async t => {
  const { agent, path } = await bootPartition(t)
  t.deepEqual(await agent.call('setup/boot-document', {}), { document: null })
  await writeFile(path('cairn-setup.json'), JSON.stringify(document))
  const before = await stat(path('cairn-setup.json'))
  t.deepEqual(await agent.call('setup/boot-document', {}), { document })

  await agent.call('setup/boot-document-done', { problem: null })
  const text = await readFile(path('cairn-setup.json'), 'utf8')
  t.notRegex(text, /secret/)
  t.deepEqual(JSON.parse(text), {
    admin: { name: 'ann', password: '' },
    users: [{ name: 'bob', password: '' }],
  })
  t.is((await stat(path('cairn-setup.json'))).ino, before.ino)
})

test('what is no JSON is said to be none, and the problem stands beside it until it is mended', async t => {
  const { agent, path } = await bootPartition(t)
  await writeFile(path('cairn-setup.json'), '{ "admin": ')
  await t.throwsAsync(agent.call('setup/boot-document', {}), { code: 'setup/file' })
  await agent.call('setup/boot-document-done', { problem: 'It is no JSON.' })
  t.is(await readFile(path('cairn-setup-problem.txt'), 'utf8'), 'It is no JSON.\n')
  t.is(await readFile(path('cairn-setup.json'), 'utf8'), '{ "admin": ')

  await writeFile(path('cairn-setup.json'), JSON.stringify(document))
  await agent.call('setup/boot-document-done', { problem: null })
  await t.throwsAsync(stat(path('cairn-setup-problem.txt')), { code: 'ENOENT' })
})
