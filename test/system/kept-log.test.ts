import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import test, { type ExecutionContext } from 'ava'
import { createLocalAgent } from '../../appliance/agent/client.ts'
import { silentLog } from '../../appliance/lib/log.ts'
import { run } from '../../appliance/lib/run.ts'
import { createLogOperations } from '../../appliance/system/system/kept-log.ts'
import { checkout } from '../helpers/cairn.ts'
import { tempFolder } from '../helpers/temp.ts'

const script = join(checkout, 'overlays/common/usr/lib/cairn/keep-log')

/** The image's script in a folder of its own, with a journal that says what a file has. */
async function keeper(t: ExecutionContext) {
  const folder = await tempFolder(t)
  const at = (name: string) => join(folder, name)
  await mkdir(at('bin'))
  const text = (await readFile(script, 'utf8'))
    .replace('folder=/data/system/log', `folder=${at('log')}`)
    .replace('cursor=/run/cairn-log.cursor', `cursor=${at('cursor')}`)
  await writeFile(at('keep-log'), text)
  await writeFile(at('bin/journalctl'), `#!/bin/sh\necho "$@" >>${at('asked')}\ncat ${at('journal')}\n`)
  for (const name of ['keep-log', 'bin/journalctl']) await chmod(at(name), 0o755)
  const keep = async (what: string, journal: string) => {
    await writeFile(at('journal'), journal)
    await run([at('keep-log'), what], { env: { PATH: `${at('bin')}:/usr/bin:/bin` } })
  }
  const kept = (name: string) => readFile(at(`log/${name}`), 'utf8')
  return { at, keep, kept, names: async () => (await readdir(at('log'))).sort() }
}

test('what is grave is kept, little at once and little in all', async t => {
  const { at, keep, kept, names } = await keeper(t)
  await keep('worse', 'one\n')
  await keep('worse', '')
  await keep('worse', 'two\n')
  t.is(await kept('worse.log'), 'one\ntwo\n')
  t.regex(await readFile(at('asked'), 'utf8'), /--priority=warning --cursor-file=/)
  const storm = `${'x'.repeat(99)}\n`.repeat(1000)
  await keep('worse', storm)
  t.is((await kept('worse.log')).length, 'one\ntwo\n'.length + 32_768)
  for (let time = 0; time < 40; time += 1) await keep('worse', storm)
  t.deepEqual(await names(), ['worse-older.log', 'worse.log'])
  for (const name of await names()) t.true((await kept(name)).length <= 524_288)
})

test('of the whole log the end is kept, of the last few stops', async t => {
  const { at, keep, names } = await keeper(t)
  await keep('end', 'the end\n')
  const [first = ''] = (await names()).filter(name => name.startsWith('end-'))
  t.is(gunzipSync(await readFile(at(`log/${first}`))).toString(), 'the end\n')
  for (let day = 1; day < 9; day += 1) await writeFile(at(`log/end-2020010${day}T000000Z.log.gz`), '')
  await keep('end', 'another end\n')
  t.is((await names()).filter(name => name.startsWith('end-')).length, 5)
})

test('the log that is downloaded has what was kept, and says where there is none', async t => {
  const keptFolder = await tempFolder(t)
  await writeFile(join(keptFolder, 'worse.log'), 'a disk was slow\n')
  await writeFile(join(keptFolder, 'end-20260101T000000Z.log.gz'), gzipSync('stopped by the button\n'))
  const ask = (isImage: boolean) =>
    createLocalAgent(createLogOperations({ isImage, keptFolder }) as never, silentLog).call('system/log', {})
  await t.throwsAsync(ask(false), { code: 'system/log-not-here' })
  const { text } = await ask(true)
  t.regex(text, /==== worse\.log ====\na disk was slow\n/)
  t.regex(text, /==== end-20260101T000000Z\.log\.gz ====\nstopped by the button\n/)
  t.regex(text, /==== since the last start ====\n/)
})

test('the journal learns how grave a line is', async t => {
  const source = join(checkout, 'appliance/lib/log.ts')
  const program = `const { createLog, toJournal } = await import(${JSON.stringify(source)})
    const log = createLog('agent', 'info', toJournal)
    log.info('well')
    log.error('broken')`
  const { stderr } = await run([process.execPath, '--input-type=module', '--eval', program])
  t.regex(stderr, /^<6>\{.*"message":"well"\}\n<3>\{.*"message":"broken"\}\n$/)
})
