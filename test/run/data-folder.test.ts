import { execFile } from 'node:child_process'
import { mkdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { ExecutionContext } from 'ava'
import { readConfig, serviceUid } from '../../appliance/config.ts'
import { makeDataFolder } from '../../scripts/data-folder.ts'
import { dataFolder } from '../helpers/cairn.ts'
import { testIf } from '../helpers/needs.ts'

const run = promisify(execFile)
const asRoot = testIf('root')

async function made(t: ExecutionContext) {
  const config = readConfig(['--data', join(await dataFolder(t), 'data')], {})
  await run('chmod', ['711', join(config.dataDir, '..')])
  await makeDataFolder(config)
  return config
}

/** The exit code of a command that the service account runs. */
async function asServiceAccount(...command: string[]): Promise<number> {
  const account = [`--reuid=${serviceUid}`, `--regid=${serviceUid}`, '--clear-groups', '--bounding-set=-all']
  return run('setpriv', [...account, '--', ...command]).then(
    () => 0,
    error => error.code,
  )
}

asRoot('the service account cannot move or replace what root works in', async t => {
  const { dataDir } = await made(t)
  for (const name of ['pools', 'disks', 'samba', 'tuning']) {
    t.not(await asServiceAccount('mv', join(dataDir, name), join(dataDir, 'mine')), 0)
    t.not(await asServiceAccount('rmdir', join(dataDir, name)), 0)
  }
})

asRoot('the service account keeps its settings there', async t => {
  const { databasePath } = await made(t)
  t.is(
    await asServiceAccount('sh', '-c', `echo a >${databasePath} && mv ${databasePath} ${databasePath}.1`),
    0,
  )
})

asRoot('what somebody else has put in the place of a folder of root is not used', async t => {
  const config = await made(t)
  const elsewhere = join(config.dataDir, 'elsewhere')
  await rename(config.samba.folder, elsewhere)
  await symlink(elsewhere, config.samba.folder)
  await t.throwsAsync(makeDataFolder(config), { code: 'start/foreign-folder' })
  await rm(config.samba.folder)
  await mkdir(config.samba.folder)
  await run('chown', [String(serviceUid), config.samba.folder])
  await t.throwsAsync(makeDataFolder(config), { code: 'start/foreign-folder' })
})

asRoot('settings that root has put back are given to the service account, other files are not', async t => {
  const config = await made(t)
  await writeFile(config.databasePath, 'a backup', { mode: 0o600 })
  await makeDataFolder(config)
  t.is((await stat(config.databasePath)).uid, serviceUid)
  const secret = join(config.dataDir, '..', 'secret')
  await writeFile(secret, 'of root', { mode: 0o600 })
  for (const link of ['-s', '--logical']) {
    await rm(config.databasePath)
    await run('ln', [link, secret, config.databasePath])
    await makeDataFolder(config)
    t.is((await stat(secret)).uid, 0)
  }
  t.is(await readFile(secret, 'utf8'), 'of root')
})
