import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { checkout } from '../helpers/cairn.ts'
import { tempFolder } from '../helpers/temp.ts'

const script = join(checkout, 'overlays/common/usr/lib/cairn/trial')

/** The folders of an image, and the script that runs before Cairn, as each version. */
async function image(t: ExecutionContext) {
  const folder = await tempFolder(t)
  const [state, settings] = [join(folder, 'state'), join(folder, 'settings')]
  for (const each of [state, settings]) mkdirSync(each)
  const env = (version: string) => {
    writeFileSync(join(folder, 'release'), `IMAGE_VERSION=${version}\n`)
    return {
      ...process.env,
      CAIRN_STATE: state,
      CAIRN_DATA: settings,
      CAIRN_RELEASE: join(folder, 'release'),
    }
  }
  const write = (path: string, text: string) => writeFileSync(join(folder, path), text)
  const read = (path: string) =>
    existsSync(join(folder, path)) ? readFileSync(join(folder, path), 'utf8').trim() : undefined
  return {
    folder,
    write,
    read,
    start: (version: string) => execFileSync('sh', [script], { env: env(version), encoding: 'utf8' }),
    /** The power goes after so many commands; false: it had ended before. */
    cut(version: string, commands: number): boolean {
      const cutting = `n=0; set -T; trap 'n=$((n+1)); [ $n -le ${commands} ] || kill -9 $$' DEBUG; . ${script}`
      return spawnSync('bash', ['-c', cutting], { env: env(version) }).signal === 'SIGKILL'
    },
    /** What stands in the state but for what is only kept. */
    left: () => readdirSync(state).filter(name => !['failed', 'before', 'proven'].includes(name)),
  }
}

test('before a version that is not proven the settings are copied, and whose they are is noted', async t => {
  const { start, write, read } = await image(t)
  write('settings/cairn.db', 'old')
  start('1.0.0')
  t.is(read('state/before/cairn.db'), undefined)
  write('state/proven', '1.0.0\n')
  start('1.1.0')
  t.is(read('state/trial'), '1.1.0')
  t.is(read('state/before/cairn.db'), 'old')
  t.is(read('state/before/version'), '1.0.0')
  // Another start of the same trial copies nothing: what was changed since is not from before.
  write('settings/cairn.db', 'new')
  start('1.1.0')
  t.is(read('state/before/cairn.db'), 'old')
})

test('a version that did not prove itself leaves the settings of before', async t => {
  const { start, write, read, left } = await image(t)
  write('settings/cairn.db', 'old')
  write('state/proven', '1.0.0')
  start('1.1.0')
  write('settings/cairn.db', 'new')
  write('settings/cairn.db-wal', 'newer')
  start('1.0.0')
  t.is(read('settings/cairn.db'), 'old')
  t.is(read('settings/cairn.db-wal'), undefined)
  t.is(read('state/failed/cairn.db'), 'new')
  t.deepEqual(left(), [])
})

async function asked(t: ExecutionContext) {
  const box = await image(t)
  box.write('state/proven', '1.1.0')
  box.write('settings/cairn.db', 'new')
  box.write('settings/cairn.db-wal', 'newer')
  mkdirSync(join(box.folder, 'state/return'))
  box.write('state/return/version', '1.0.0')
  box.write('state/return/cairn.db', 'amended')
  return box
}

test('the version that somebody goes back to takes up its settings once, and is proven', async t => {
  const { start, write, read, left } = await asked(t)
  t.regex(start('1.0.0'), /Back to version 1\.0\.0/)
  t.is(read('settings/cairn.db'), 'amended')
  t.is(read('settings/cairn.db-wal'), undefined)
  t.is(read('settings/index-dropped'), '')
  t.is(read('state/failed/cairn.db'), 'new')
  t.is(read('state/proven'), '1.0.0')
  t.deepEqual(left(), [])
  write('settings/cairn.db', 'later')
  start('1.0.0')
  t.is(read('settings/cairn.db'), 'later')
})

test('where another version starts, nobody goes back', async t => {
  const { start, read, left } = await asked(t)
  start('1.1.0')
  t.is(read('settings/cairn.db'), 'new')
  t.is(read('settings/cairn.db-wal'), 'newer')
  t.is(read('state/proven'), '1.1.0')
  t.deepEqual(left(), [])
})

test('a power cut at any moment of going back ends either there or where it began', async t => {
  let commands = 0
  for (let isCut = true; isCut; commands += 1) {
    const there = await asked(t)
    isCut = there.cut('1.0.0', commands)
    there.start('1.0.0')
    t.is(there.read('settings/cairn.db'), 'amended', `after ${commands} commands`)
    t.is(there.read('settings/cairn.db-wal'), undefined)
    t.is(there.read('state/proven'), '1.0.0')
    t.is(there.read('state/failed/cairn.db'), 'new')
    t.deepEqual(there.left(), [])
    rmSync(there.folder, { recursive: true })

    // The slot gives up, and the newer version starts again.
    const back = await asked(t)
    back.cut('1.0.0', commands)
    const wasDone = back.read('state/proven') === '1.0.0'
    back.start('1.1.0')
    t.is(back.read('settings/cairn.db'), wasDone ? 'amended' : 'new', `after ${commands} commands`)
    t.is(back.read('settings/cairn.db-wal'), wasDone ? undefined : 'newer')
    t.false(existsSync(join(back.folder, 'state/return')))
  }
  t.true(commands > 30)
})
