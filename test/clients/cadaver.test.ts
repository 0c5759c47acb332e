import { spawn } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { password, startDav } from '../dav/harness.ts'
import { testIf } from '../helpers/needs.ts'
import { tempFolder } from '../helpers/temp.ts'

testIf('cadaver')('cadaver puts, lists, moves, locks, sets properties, gets and deletes', async t => {
  const folder = await tempFolder(t)
  const dav = await startDav(t, folder)
  const local = join(folder, 'local')
  await mkdir(local)
  await writeFile(join(local, 'a.txt'), 'grüße')
  await writeFile(join(local, '.netrc'), `machine 127.0.0.1 login alice password ${password}\n`, {
    mode: 0o600,
  })
  const commands = [
    'mkcol "new folder"',
    'cd "new folder"',
    'put a.txt',
    'lock a.txt',
    'propset a.txt colour blue',
    'propget a.txt colour',
    'unlock a.txt',
    'move a.txt b.txt',
    'copy b.txt c.txt',
    'ls',
    'get b.txt got.txt',
    'delete c.txt',
    'ls',
    'quit',
  ]
  const output = await cadaver(`${dav.origin}/dav/files/alice/shared/`, commands, local)
  t.notRegex(output, /failed|Could not|Error/i, output)
  t.regex(output, /colour.*blue/i)
  t.is(await readFile(join(local, 'got.txt'), 'utf8'), 'grüße')
  t.is(await readFile(join(dav.volumes.shared.path, 'new folder/b.txt'), 'utf8'), 'grüße')
  t.is((await dav.fetch('/dav/files/alice/shared/new%20folder/c.txt')).status, 404)
})

function cadaver(url: string, commands: readonly string[], home: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('cadaver', [url], {
      cwd: home,
      env: { ...process.env, HOME: home, LC_ALL: 'C.UTF-8' },
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', text => (output += text))
    child.once('error', reject).once('exit', () => resolve(output))
    child.stdin.end(`${commands.join('\n')}\n`)
  })
}
