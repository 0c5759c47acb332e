import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { walk } from '../disks/indexing.ts'
import { expectKept, filesOf, type Moment, stateOf } from '../helpers/aftermath.ts'
import { admin, basic, type Cairn, claimed, eventually, startCairn } from '../helpers/cairn.ts'
import { testIf } from '../helpers/needs.ts'
import { startNeighbour } from '../helpers/neighbour.ts'
import { createOuterDisk, type OuterDisk } from '../helpers/outer-disk.ts'
import { createRandom, type Random } from '../helpers/random.ts'
import { type State, startStorm, stormFolders, type Worker } from '../helpers/storm.ts'

const withBtrfs = testIf('root', 'btrfs', 'smbd')
const cuts = Number(process.env.CAIRN_TEST_CUTS ?? 3)
const secondsForOne = 40
const names = Array.from({ length: 8 }, (_, index) => `client${index}`)
const headers = { authorization: basic(admin) }

withBtrfs(
  `${cuts} power cuts in a storm of uploads: what was acknowledged is there whole, and no file is torn`,
  async t => {
    t.timeout(cuts * secondsForOne * 1000)
    const random = createRandom()
    t.log(`CAIRN_TEST_SEED=${random.seed}`)
    const outer = await createOuterDisk(t)
    let folder = outer.folder
    let cairn = await startCairn(t, { dataDir: folder, args: claimed })
    for (const name of stormFolders)
      await fetch(`${cairn.url}/webdav/shared/${name}`, { method: 'MKCOL', headers })
    let states = new Map<string, State>(names.map(name => [name, new Map()]))
    for (let count = 1; count <= cuts; count++) {
      const storm = await stormAndCut(cairn, outer, { folder, states, random })
      await cairn.stop()
      await outer.remove(folder)
      folder = storm.copy
      cairn = await startCairn(t, { dataDir: folder })
      const found = await filesOf(t, cairn, namesOnDisk(cairn))
      await foldersAgree(cairn, t)
      states = new Map(storm.workers.map(worker => [worker.name, stateOf(found, worker.name)]))
      expectKept(t, storm.workers, found, storm)
      const tmp = join(shareOf(folder), '.cairn/tmp')
      await eventually(async () => (await readdir(tmp)).length === 0)
      t.log(
        `cut ${count}: ${storm.acknowledged} acknowledged before it, ${found.size} files, all as they should be`,
      )
    }
    await cairn.stop()
  },
)

interface Cut extends Moment {
  workers: Worker[]
  copy: string
  acknowledged: number
}

async function stormAndCut(
  cairn: Cairn,
  outer: OuterDisk,
  { folder, states, random }: { folder: string; states: ReadonlyMap<string, State>; random: Random },
): Promise<Cut> {
  const storm = startStorm(cairn, random, states)
  const neighbour = startNeighbour(shareOf(folder), stormFolders, random)
  const acknowledged = 50 + random.below(400)
  await storm.acknowledged(acknowledged)
  const from = performance.now()
  const copy = await outer.cut(folder)
  const to = performance.now()
  await Promise.all([storm.stop(), neighbour.stop()])
  return { workers: storm.workers, copy, from, to, acknowledged }
}

function shareOf(folder: string): string {
  return join(folder, 'pools/pool/shares/shared')
}

const namesOnDisk = (cairn: Cairn) => (folder: string) => readdir(join(shareOf(cairn.dataDir), folder))

/** Folders have the etags that their content gives: the index is neither ahead of the disk nor behind it. */
async function foldersAgree(cairn: Cairn, t: ExecutionContext) {
  const walked = walk({ path: shareOf(cairn.dataDir) })
  for (const folder of ['', ...stormFolders])
    t.is(await etagOf(cairn, folder), walked.get(folder)?.etag, `the etag of the folder "${folder}"`)
}

async function etagOf(cairn: Cairn, folder: string): Promise<string | undefined> {
  const answer = await fetch(`${cairn.url}/dav/files/${admin.name}/shared/${folder}`, {
    method: 'PROPFIND',
    headers: { ...headers, depth: '0', 'content-type': 'application/xml' },
    body: '<d:propfind xmlns:d="DAV:"><d:prop><d:getetag/></d:prop></d:propfind>',
  })
  return /<d:getetag>(?:&quot;|")([^<&"]*)/.exec(await answer.text())?.[1]
}
