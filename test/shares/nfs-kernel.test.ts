import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { parseMountinfo } from '../../appliance/lib/mountinfo.ts'
import { parseExportfs } from '../../appliance/shares/parse/exportfs.ts'
import { devicesInStates } from '../../appliance/shares/parse/nfsd-states.ts'
import { exportLines, renderExports, renderNfsConf } from '../../appliance/shares/render/exports.ts'

const fixture = (name: string) => readFileSync(join(import.meta.dirname, '../fixtures', name), 'utf8')
const served = {
  number: 1,
  path: '/run/shared',
  pseudo: '/shared',
  access: 'read',
  clients: [],
  isCovered: false,
} as const
const lines = (...exports: Parameters<typeof exportLines>[0][number][]) =>
  renderExports(exportLines(exports, { uid: 2770 })).split('\n')

test('an export is one line, in which every request is the service account', t => {
  const [read, write, about] = lines(
    { ...served, clients: ['10.0.0.1', 'fd00::/64'] },
    { ...served, access: 'write', clients: ['*'] },
  )
  t.is(
    read,
    '/shared -ro,sync,sec=sys,all_squash,anonuid=2770,anongid=2770,no_subtree_check,insecure,no_acl 10.0.0.1 fd00:0:0:0:0:0:0:0/64',
  )
  t.regex(write ?? '', /^\/shared -rw,.* \*$/)
  t.regex(about ?? '', /^#/)
})

test('what lies over .cairn is exported too, or the kernel would look through it', t => {
  const covered = { ...served, number: 7, access: 'write', clients: ['10.0.0.1'], isCovered: true } as const
  const [own, cover] = exportLines([covered], { uid: 2770 })
  t.regex(own?.text ?? '', /^\/shared -rw,/)
  t.regex(cover?.text ?? '', /^\/shared\/\.cairn -ro,nohide,fsid=1,.*all_squash.* 10\.0\.0\.1$/)
  t.is(cover?.number, 7)
})

test('a name that the file could take for something else is written byte by byte', t => {
  const nameOf = (pseudo: string) => lines({ ...served, pseudo })[0]?.split(' ')[0]
  t.is(nameOf('/Our files'), '/Our\\040files')
  t.is(nameOf('/Öl'), '/\\303\\226l')
  t.is(nameOf('/.snapshots/a/@GMT-2026.11.26-07.00.00'), '/.snapshots/a/@GMT-2026.11.26-07.00.00')
  t.is(nameOf('/a"b\n#c\\'), '/a\\042b\\012\\043c\\134')
})

test('everybody is written in two halves, since the server takes /0 for nobody', t => {
  t.true(lines({ ...served, clients: ['0.0.0.0/0'] })[0]?.endsWith(' 0.0.0.0/1 128.0.0.0/1'))
})

test('version 3 is served only where a port is given for it', t => {
  t.regex(renderNfsConf({ mountPort: null }), /rootdir=\/exports\n[\s\S]*vers3=n/)
  t.regex(renderNfsConf({ mountPort: 5 }), /vers3=y\n\[mountd\]\nport=5/)
})

test('what exportfs refuses is known by its line or its path', t => {
  t.deepEqual(parseExportfs(fixture('exportfs--three-of-four-wrong.txt')), [
    { line: 4, path: null, message: 'unknown keyword "bogus"' },
    { line: null, path: '/exports/Our files', message: 'No such file or directory' },
    { line: null, path: '/exports/ovl', message: 'does not support NFS export' },
  ])
  t.deepEqual(parseExportfs(''), [])
})

test('on which file systems a client of the kernel has something open is told as mountinfo tells it', t => {
  t.deepEqual(devicesInStates(fixture('nfsd-states--open-delegated-locked.txt')), ['0:34'])
  const [mount] = parseMountinfo(fixture('mountinfo--btrfs-with-space.txt'))
  t.regex(mount?.device ?? '', /^\d+:\d+$/)
  t.deepEqual(devicesInStates(''), [])
})
