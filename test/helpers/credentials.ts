import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { tempFolder } from './temp.ts'

export async function credentials(t: ExecutionContext) {
  const folder = await tempFolder(t)
  const [key, certificate] = [join(folder, 'key'), join(folder, 'certificate')]
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=box']
  const made = ['req', '-x509', ...kind, '-keyout', key, '-out', certificate]
  execFileSync('openssl', made, { stdio: 'ignore' })
  return { key: readFileSync(key, 'utf8'), certificate: readFileSync(certificate, 'utf8') }
}
