import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'

/** A folder of the test's own, removed when it ends. */
export async function tempFolder(t: Pick<ExecutionContext, 'teardown'>): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'cairn-test-'))
  t.teardown(() => rm(path, { recursive: true, force: true }))
  return path
}
