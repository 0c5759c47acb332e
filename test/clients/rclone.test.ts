import { execFile } from 'node:child_process'
import { mkdir, readdir, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { password, startDav } from '../dav/harness.ts'
import { testIf } from '../helpers/needs.ts'
import { tempFolder } from '../helpers/temp.ts'

const run = promisify(execFile)
const hardNames = [
  'plain.txt',
  'two words.txt',
  'ümläut.txt',
  'zu\u0308sammengesetzt.txt',
  '日本語.txt',
  '🦀 crab.txt',
  'hash#tag.txt',
  'question?.txt',
  'percent%20.txt',
  '100%.txt',
  'amp&and.txt',
  'plus+.txt',
  "quote'.txt",
  'double".txt',
  '<angle>.txt',
  'semi;colon=.txt',
  'back\\slash.txt',
  'comma,.txt',
  '[brackets](round){curly}.txt',
  '$dollar`tick.txt',
  ' leading.txt',
  '~tilde.txt',
  '@at!.txt',
  'a'.repeat(200),
]
const fileCount = 2000

testIf('rclone')(
  'rclone syncs 2,000 files with hard names, finds them equal, and a second sync has nothing to do',
  async t => {
    t.timeout(240_000)
    const folder = await tempFolder(t)
    const dav = await startDav(t, folder)
    const tree = join(folder, 'tree')
    await makeTree(tree)
    const config = join(folder, 'rclone.conf')
    const { stdout: obscured } = await run('rclone', ['obscure', password])
    const url = `${dav.origin}/remote.php/dav/files/alice/shared`
    await writeFile(
      config,
      `[box]\ntype = webdav\nurl = ${url}\nvendor = nextcloud\nuser = alice\npass = ${obscured.trim()}\n`,
    )
    const rclone = (...args: string[]) =>
      run('rclone', ['--config', config, '--transfers', '8', ...args], { maxBuffer: 1e8 })

    await rclone('sync', tree, 'box:tree')
    await rclone('check', tree, 'box:tree')
    const { stderr } = await rclone('sync', '-v', tree, 'box:tree')
    t.regex(stderr, /There was nothing to transfer/, stderr.slice(-400))

    const { stdout } = await rclone('lsf', '-R', '--files-only', 'box:tree')
    t.is(stdout.trimEnd().split('\n').length, fileCount)
    const one = join('folder 3', `3 ${hardNames[5]}`)
    const [here, there] = [
      await stat(join(tree, one)),
      await stat(join(dav.volumes.shared.path, 'tree', one)),
    ]
    t.is(Math.floor(here.mtimeMs / 1000), Math.floor(there.mtimeMs / 1000))
    t.deepEqual(await readdir(join(dav.volumes.shared.path, '.cairn/tmp')), [])
    t.deepEqual(dav.logged, [])

    await rclone('move', 'box:tree/folder 1', 'box:moved')
    await rclone('purge', 'box:tree')
    t.deepEqual(
      await readdir(dav.volumes.shared.path).then(names => names.filter(name => name !== '.cairn')),
      ['moved'],
    )
  },
)

async function makeTree(tree: string) {
  for (let index = 0; index < fileCount; index += 1) {
    const number = Math.floor(index / hardNames.length)
    const inner = join(tree, number % 7 === 0 ? 'ordner ä#?' : `folder ${number}`)
    await mkdir(inner, { recursive: true })
    const path = join(inner, `${number} ${hardNames[index % hardNames.length]}`)
    await writeFile(path, `content ${index} `.repeat(index % 50))
    await utimes(path, 1_600_000_000 + index, 1_600_000_000 + index)
  }
}
