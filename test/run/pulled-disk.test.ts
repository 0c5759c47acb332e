import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { admin, basic, type Cairn, claimed, eventually, startCairn } from '../helpers/cairn.ts'
import { testIf } from '../helpers/needs.ts'

const run = promisify(execFile)
const dev = join(import.meta.dirname, '..', '..', 'scripts', 'dev')
const withBtrfs = testIf('root', 'btrfs', 'smbd')
const headers = { authorization: basic(admin) }

interface Disk {
  serial: string
  isOffered: boolean
  state: string
}

async function uploads(
  cairn: Cairn,
  count: number,
): Promise<{ statuses: number[]; sums: Map<string, string> }> {
  const sums = new Map<string, string>()
  const statuses: number[] = []
  for (let index = 0; index < count; index++) {
    const body = randomBytes(512 * 1024)
    sums.set(`file-${index}.bin`, createHash('sha1').update(body).digest('hex'))
    statuses.push(
      (await fetch(`${cairn.url}/webdav/shared/file-${index}.bin`, { method: 'PUT', body, headers })).status,
    )
  }
  return { statuses, sums }
}

async function stateOf(cairn: Cairn): Promise<string> {
  return (await cairn.api('GET', '/pools')).body[0].state
}

withBtrfs(
  'a disk is pulled under a running upload: no request fails, and a spare makes it whole again',
  async t => {
    const cairn = await startCairn(t, { args: claimed })
    await run(dev, ['disk', 'add', '1G', '--data', cairn.dataDir])
    const uploading = uploads(cairn, 60)
    await run(dev, ['disk', 'pull', '2', '--data', cairn.dataDir])
    const { statuses, sums } = await uploading
    t.deepEqual([...new Set(statuses)], [201])

    await eventually(async () => (await stateOf(cairn)) === 'degraded')
    const { body: health } = await cairn.api('GET', '/health')
    t.not(health.state, 'ok')

    const pool = (await cairn.api('GET', '/pools')).body[0]
    const lost = pool.disks.find((disk: Disk) => disk.state !== 'ok')
    const spare = (await cairn.api('GET', '/disks')).body.find((disk: Disk) => disk.isOffered)
    const { status, body } = await cairn.api('POST', '/pools/pool/replace', {
      from: lost.serial,
      to: spare.serial,
    })
    t.is(status, 202)
    await eventually(
      async () => (await cairn.api('GET', `/jobs/${body.job}`)).body.state !== 'running',
      60_000,
    )
    t.like((await cairn.api('GET', `/jobs/${body.job}`)).body, { state: 'done', error: null })
    t.is(await stateOf(cairn), 'healthy')

    for (const [name, sum] of sums) {
      const content = Buffer.from(
        await (await fetch(`${cairn.url}/webdav/shared/${name}`, { headers })).arrayBuffer(),
      )
      t.is(createHash('sha1').update(content).digest('hex'), sum, name)
    }
  },
)

withBtrfs('a start with a disk missing serves the files and says so', async t => {
  const first = await startCairn(t, { args: claimed })
  const { sums } = await uploads(first, 3)
  await run(dev, ['disk', 'pull', '1', '--data', first.dataDir])
  await first.stop()
  const second = await startCairn(t, { dataDir: first.dataDir })
  for (const name of sums.keys())
    t.is((await fetch(`${second.url}/webdav/shared/${name}`, { headers })).status, 200)
  t.is(
    (await fetch(`${second.url}/webdav/shared/new.txt`, { method: 'PUT', body: 'x', headers })).status,
    201,
  )
})
