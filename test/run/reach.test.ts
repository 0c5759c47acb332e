import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { ExecutionContext } from 'ava'
import { serviceUid } from '../../appliance/config.ts'
import { createReach } from '../../scripts/reach.ts'
import { dataFolder } from '../helpers/cairn.ts'
import { testIf } from '../helpers/needs.ts'

const run = promisify(execFile)
const asRoot = testIf('root')

/** A run folder that anybody may pass, beside a folder that is root's alone. */
async function closed(t: ExecutionContext) {
  const folder = await dataFolder(t)
  await run('chmod', ['711', folder])
  const runDir = join(folder, 'run')
  const checkout = join(folder, 'checkout')
  await mkdir(runDir, { mode: 0o711 })
  await mkdir(join(checkout, 'dist'), { recursive: true })
  await writeFile(join(checkout, 'dist', 'main.js'), 'main')
  await writeFile(join(checkout, 'package.json'), '{}')
  await run('chmod', ['700', checkout])
  const start = async () => {
    const reach = await createReach(runDir)
    t.teardown(reach.release)
    return reach
  }
  return { folder, checkout, start }
}

async function readAsServiceAccount(path: string): Promise<string> {
  const { stdout } = await run('setpriv', [`--reuid=${serviceUid}`, '--clear-groups', '--', 'cat', path])
  return stdout
}

const mountsBelow = async (folder: string) =>
  (await readFile('/proc/self/mounts', 'utf8')).split('\n').filter(line => line.includes(folder))

asRoot('a checkout that is itself closed to others is reached, part by part', async t => {
  const { folder, checkout, start } = await closed(t)
  const reach = await start()
  const place = await reach.parts(checkout, ['package.json', 'dist', 'not-there'])
  t.is(await readAsServiceAccount(join(place, 'dist', 'main.js')), 'main')
  await reach.release()
  t.deepEqual(await mountsBelow(folder), [])
  t.is(await readFile(join(checkout, 'dist', 'main.js'), 'utf8'), 'main')
})

asRoot('what a start that was killed has mounted is gone after the next one', async t => {
  const { folder, checkout, start } = await closed(t)
  const data = join(checkout, 'data')
  await mkdir(data)
  await writeFile(join(data, 'kept.txt'), 'kept')
  for (let killed = 0; killed < 2; killed++) {
    const reach = await start()
    await reach.parts(checkout, ['dist'])
    await reach.shared(data)
  }
  const reach = await start()
  t.is(await readAsServiceAccount(join(await reach.shared(data), 'kept.txt')), 'kept')
  await reach.release()
  t.deepEqual(await mountsBelow(folder), [])
  t.is(await readFile(join(data, 'kept.txt'), 'utf8'), 'kept')
})

asRoot('what can be reached is left as it is', async t => {
  const { folder, checkout, start } = await closed(t)
  await run('chmod', ['711', checkout])
  const reach = await start()
  t.is(await reach.parts(checkout, ['dist']), checkout)
  t.deepEqual(await mountsBelow(folder), [])
})
