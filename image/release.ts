import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { notesOf } from './release-notes.ts'

/** Writes cairn-TARGET.json beside the bundle: what boxes ask for to learn of it (docs/updates.md, "Publishing"). */
const [target = '', version = '', out = ''] = process.argv.slice(2)
const root = join(import.meta.dirname, '..')
const name = `cairn-${target}.raucb`
const bundle = readFileSync(join(out, name))

const description = {
  format: 1,
  target,
  version,
  date: dateOfCommit(),
  bundle: {
    url: name,
    sizeBytes: bundle.length,
    sha256: createHash('sha256').update(bundle).digest('hex'),
  },
  notes: notesOf(readFileSync(join(root, 'CHANGELOG.md'), 'utf8'), version),
}
writeFileSync(join(out, `cairn-${target}.json`), `${JSON.stringify(description, null, 1)}\n`)

/** So that it is the same in two builds. */
function dateOfCommit(): string {
  try {
    return execFileSync('git', ['-C', root, 'log', '-1', '--format=%cs'], { encoding: 'utf8' }).trim()
  } catch {
    // A source archive knows no commit.
    return new Date(Number(process.env.SOURCE_DATE_EPOCH) * 1000).toISOString().slice(0, 10)
  }
}
