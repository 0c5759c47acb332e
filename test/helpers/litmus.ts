import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { ExecutionContext } from 'ava'

/** Every test of every suite of litmus passes there, without a warning. */
export async function passesLitmus(
  t: ExecutionContext,
  url: string,
  user: { name: string; password: string },
): Promise<void> {
  // It leaves its log where it runs.
  const cwd = await mkdtemp(join(tmpdir(), 'cairn-litmus-'))
  t.teardown(() => rm(cwd, { recursive: true }))
  const { stdout } = await promisify(execFile)('litmus', ['-k', url, user.name, user.password], { cwd })
  const summaries = [
    ...stdout.matchAll(/summary for `(\w+)': of (\d+) tests run: (\d+) passed, (\d+) failed/g),
  ]
  t.deepEqual(
    summaries.map(([, suite]) => suite),
    ['basic', 'copymove', 'props', 'locks', 'http'],
  )
  for (const [line, , all, passed] of summaries) t.is(all, passed, line)
  t.notRegex(stdout.replace(leftOutOverTls, ''), /FAIL|WARNING|SKIPPED/)
}

/** Whether a server answers before the body comes is a thing that litmus cannot try over TLS. */
const leftOutOverTls = /expect100\.+ SKIPPED \(skipping for SSL server\)/
