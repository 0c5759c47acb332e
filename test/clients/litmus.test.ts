import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { password, startDav } from '../dav/harness.ts'
import { testIf } from '../helpers/needs.ts'
import { tempFolder } from '../helpers/temp.ts'

const run = promisify(execFile)

for (const place of ['/dav/files/alice/shared/', '/webdav/']) {
  testIf('litmus')(`litmus passes every test of every suite without a warning at ${place}`, async t => {
    const dav = await startDav(t, await tempFolder(t))
    // It leaves its log where it runs.
    const cwd = await mkdtemp(join(tmpdir(), 'cairn-litmus-'))
    t.teardown(() => rm(cwd, { recursive: true }))
    const { stdout } = await run('litmus', ['-k', dav.origin + place, 'alice', password], { cwd })
    const summaries = [
      ...stdout.matchAll(/summary for `(\w+)': of (\d+) tests run: (\d+) passed, (\d+) failed/g),
    ]
    t.deepEqual(
      summaries.map(([, suite]) => suite),
      ['basic', 'copymove', 'props', 'locks', 'http'],
    )
    for (const [line, , all, passed] of summaries) t.is(all, passed, line)
    t.notRegex(stdout, /FAIL|WARNING|SKIPPED/)
    t.deepEqual(dav.logged, [])
  })
}
