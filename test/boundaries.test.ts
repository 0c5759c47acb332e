import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import test from 'ava'
import { type SourceFile, violationsOf } from './helpers/boundaries.ts'

const root = join(import.meta.dirname, '..', 'appliance')

function sources(): SourceFile[] {
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' })
  return names
    .filter(name => /\.tsx?$/.test(name) && !name.endsWith('.d.ts'))
    .map(name => ({ path: relative(root, join(root, name)), text: readFileSync(join(root, name), 'utf8') }))
}

test('every import goes the one way that the design allows', t => {
  t.deepEqual(violationsOf(sources()), [])
})

const planted: [what: string, file: SourceFile][] = [
  [
    'a lower layer importing a higher one',
    { path: 'storage/service.ts', text: `import { x } from '../shares/index.ts'` },
  ],
  [
    'another domain not through its index',
    { path: 'shares/service.ts', text: `import { x } from '../storage/service.ts'` },
  ],
  [
    'a dynamic import upward',
    { path: 'storage/service.ts', text: `const x = await import('../shares/index.ts')` },
  ],
  ['a re-export upward', { path: 'storage/index.ts', text: `export { x } from '../shares/index.ts'` }],
  ['a file name that no domain has', { path: 'shares/helpers.ts', text: '' }],
  [
    'child processes outside lib/run.ts',
    { path: 'storage/service.ts', text: `import { spawn } from 'node:child_process'` },
  ],
  ['execa outside lib/run.ts', { path: 'storage/service.ts', text: `import { execa } from 'execa'` }],
  ['SQL outside a store', { path: 'shares/service.ts', text: `import { sql } from 'kysely'` }],
  ['a query outside a store', { path: 'shares/service.ts', text: `database.selectFrom('share')` }],
  ['a database outside a store', { path: 'files/service.ts', text: `import SQLite from 'better-sqlite3'` }],
  ['the environment outside config.ts', { path: 'shares/service.ts', text: `const x = process.env.HOME` }],
  ['a node module in a pure file', { path: 'storage/plan.ts', text: `import { join } from 'node:path'` }],
  ['a node module in a pure folder', { path: 'storage/parse/lsblk.ts', text: `import fs from 'node:fs'` }],
  [
    'a system.ts imported for its value',
    { path: 'storage/service.ts', text: `import { x } from './system.ts'` },
  ],
  ['fs in dav/', { path: 'dav/put.ts', text: `import { open } from 'node:fs/promises'` }],
  ['a header in files/', { path: 'files/service.ts', text: `import { IncomingMessage } from 'node:http'` }],
  ['koffi outside lib/posix.ts', { path: 'files/service.ts', text: `import koffi from 'koffi'` }],
]

for (const [what, file] of planted) {
  test(`a planted violation is caught: ${what}`, t => {
    t.is(violationsOf([file]).length, 1, JSON.stringify(violationsOf([file])))
  })
}

test('types may come from anywhere', t => {
  t.deepEqual(
    violationsOf([{ path: 'storage/service.ts', text: `import type { X } from '../shares/service.ts'` }]),
    [],
  )
})
