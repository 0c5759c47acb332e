import { writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { usualNfsdThreads } from '../../appliance/shares/plan/nfs-threads.ts'
import { admin, basic, type Cairn, claimed, eventually, startCairn } from '../helpers/cairn.ts'
import { testIf } from '../helpers/needs.ts'
import { nfsClient, nfsdThreadsOf, nfsServerOf, testedEngine } from '../helpers/nfs.ts'

/** Which of the two servers serves, and what only the kernel's does. */
const withoutKernel = testIf('root', 'btrfs', 'ganesha', 'noKernelNfs', 'libnfs')
const byKernel =
  testedEngine.name === 'kernel' ? testIf('root', 'btrfs', 'kernelNfs', 'ganesha', 'libnfs') : () => undefined
const headers = { authorization: basic(admin) }
const settings = { clients: ['127.0.0.1'], access: 'write' }

async function startWith(t: ExecutionContext, engine: string, more: { dataDir?: string } = {}) {
  const known = more.dataDir === undefined ? claimed : []
  return startCairn(t, { ...more, args: [...known, '--nfs-engine', engine] })
}

const exportShared = (cairn: Cairn) => cairn.api('PUT', '/shares/shared/nfs', settings)
const engineOf = async (cairn: Cairn) => (await cairn.api('GET', '/nfs')).body.engine
/** What the log says of an engine that was not taken. */
const refusalOf = ({ complaints }: Cairn) =>
  complaints.find(line => line.includes('an NFS server cannot be used here')) ?? ''

withoutKernel('where the kernel has no NFS server, ganesha serves, and the log says why', async t => {
  const cairn = await startWith(t, 'auto')
  t.is((await exportShared(cairn)).body.problem, null)
  t.is(await engineOf(cairn), 'ganesha')
  await writeFile(join(cairn.dataDir, 'pools/pool/shares/shared/here.txt'), 'here')
  t.is(String(await nfsClient(cairn, 4).cat('/shared/here.txt')), 'here')
  t.like(JSON.parse(refusalOf(cairn)), { engine: 'kernel' })
  t.regex(refusalOf(cairn), /not installed: nfs-kernel-server|has no NFS server/)
})

withoutKernel('where the kernel alone is asked for and has no NFS server, Health says so', async t => {
  const cairn = await startWith(t, 'kernel')
  const { status, body } = await exportShared(cairn)
  t.is(status, 200)
  t.regex(body.problem, /not installed: nfs-kernel-server|has no NFS server/)
  const { issues } = (await cairn.api('GET', '/health')).body as { issues: { code: string }[] }
  t.true(issues.some(({ code }) => /^shares\/nfs-(kernel-not-installed|no-kernel-server)$/.test(code)))
  const put = await fetch(`${cairn.url}/webdav/shared/x`, { method: 'PUT', body: 'x', headers })
  t.is(put.status, 201)
})

byKernel('of two on one machine one has the kernel, and the other says so or takes ganesha', async t => {
  const first = await startWith(t, 'kernel')
  t.is((await exportShared(first)).body.problem, null)
  await writeFile(join(first.dataDir, 'pools/pool/shares/shared/first.txt'), 'first')

  const refused = await startWith(t, 'kernel')
  t.regex((await exportShared(refused)).body.problem, /used by another program of this box/)
  const { issues } = (await refused.api('GET', '/health')).body
  t.truthy(issues.find(({ code }: { code: string }) => code === 'shares/nfs-kernel-in-use'))
  await writeFile(join(refused.dataDir, 'pools/pool/shares/shared/second.txt'), 'second')
  await refused.stop()

  const second = await startWith(t, 'auto', { dataDir: refused.dataDir })
  await eventually(async () => (await engineOf(second)) === 'ganesha')
  t.regex(refusalOf(second), /used by another program of this box/)
  const [v4First, v4Second] = [nfsClient(first, 4), nfsClient(second, 4)]
  await eventually(async () => (await v4Second.list('/shared').catch(() => new Map())).has('second.txt'))
  t.true((await v4First.list('/shared')).has('first.txt'))
  t.is(await engineOf(first), 'kernel')

  await second.stop()
  t.is(String(await v4First.cat('/shared/first.txt')), 'first')
})

byKernel('the kernel works on as many requests at once as the tuning says, and nobody waits', async t => {
  const cairn = await startWith(t, 'kernel')
  await exportShared(cairn)
  await writeFile(join(cairn.dataDir, 'pools/pool/shares/shared/here.txt'), 'here')
  const usual = usualNfsdThreads(availableParallelism())
  t.is(nfsdThreadsOf(cairn), usual)
  const server = nfsServerOf(cairn, 'kernel')
  const settingNow = async () =>
    (await cairn.api('GET', '/tuning')).body.settings.find(
      ({ name }: { name: string }) => name === 'nfs.threads',
    )
  t.regex((await settingNow()).reason, /thread of the kernel/)

  t.is((await cairn.api('PUT', '/tuning/settings/nfs.threads', { value: '23' })).status, 204)
  const { body } = await cairn.api('POST', '/tuning/apply?name=nfs.threads')
  await eventually(async () => nfsdThreadsOf(cairn) === 23)
  t.is(String(await nfsClient(cairn, 4).cat('/shared/here.txt')), 'here')
  t.is(nfsServerOf(cairn, 'kernel'), server)
  t.like(await settingNow(), { from: String(usual), to: '23', isChoice: true })
  // Given up while it is watched, it goes back.
  await cairn.api('DELETE', `/jobs/${body.job}`)
  await eventually(async () => nfsdThreadsOf(cairn) === usual)
})
