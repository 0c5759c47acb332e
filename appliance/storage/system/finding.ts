import { lstat, mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { errnoOf, Failure } from '../../lib/failure.ts'
import { type Manifest, parseManifest } from '../parse/manifest.ts'
import type { KnownPool } from '../plan/disk.ts'
import { type UnknownFilesystem, unknownFilesystems } from '../plan/found.ts'
import type { DiskFacts, FoundPool, PoolFacts, SubvolumeKind } from '../schema.ts'
import type { PoolBackend } from './backend.ts'
import { scan } from './btrfs.ts'
import { readBtrfsFacts } from './facts.ts'
import { mountFirst, unmountPlace } from './mounts.ts'

interface FindingDeps {
  backend: Pick<PoolBackend, 'kind'>
  disks(): Promise<DiskFacts[]>
  poolsDir: string
}

type Known = readonly Pick<KnownPool, 'uuid'>[]
/** What a pool brings along at its top; a link in such a place would lead root astray. */
const topFolders = ['shares', 'homes', 'snapshots', 'index', 'restoring']
/** Nothing is written, not even what a power cut has left in the log of Btrfs. */
const lookingOptions = 'ro,rescue=nologreplay,nosuid,nodev,noexec,subvolid=5'
/** Where there are no disks, pools are plain folders, and there is one of this name. */
const folderPool = 'pool'

/** Pools that lie here and that this box does not know: from another box, or from before a reset. */
export function createFinding({ backend, disks, poolsDir }: FindingDeps) {
  async function find(known: Known): Promise<FoundPool[]> {
    if (backend.kind === 'folder') return inFolder(known)
    const found = []
    for (const filesystem of unknownFilesystems(await disks(), known, poolsDir))
      found.push(await look(filesystem))
    return found.filter(pool => pool !== undefined)
  }

  async function inFolder(known: Known): Promise<FoundPool[]> {
    const place = join(poolsDir, folderPool)
    const manifest = await readManifest(place)
    if (!manifest || known.length > 0) return []
    return [await describe(place, manifest, { disks: [], facts: undefined })]
  }

  async function look(filesystem: UnknownFilesystem): Promise<FoundPool | undefined> {
    const there = filesystem.disks.flatMap(({ mountpoints }) => mountpoints)[0]
    if (there !== undefined) return lookAt(there, filesystem)
    const place = join(poolsDir, '.looking', filesystem.uuid)
    // Nobody else may look along.
    await mkdir(join(poolsDir, '.looking'), { recursive: true, mode: 0o700 })
    await mkdir(place, { recursive: true, mode: 0o700 })
    await scan(filesystem.disks)
    const attempts = [lookingOptions, `${lookingOptions},degraded`]
    const device = filesystem.disks[0]?.path ?? ''
    if (!(await mountFirst(device, place, attempts))) return undefined
    try {
      return await lookAt(place, filesystem)
    } finally {
      await unmountPlace(place, 'refuse')
    }
  }

  async function lookAt(place: string, { uuid, disks: members }: UnknownFilesystem) {
    const manifest = await readManifest(place)
    if (manifest?.uuid !== uuid) return undefined
    return describe(place, manifest, {
      disks: members,
      facts: await readBtrfsFacts({ name: '', uuid, place }),
    })
  }

  return {
    find,
    /** Throws unless it is among them. */
    async require(uuid: string, known: Known): Promise<FoundPool> {
      const pool = (await find(known)).find(other => other.uuid === uuid)
      if (pool) return pool
      throw new Failure(
        'missing',
        'storage/nothing-to-import',
        'There is no pool of a Cairn with this uuid on the disks that are free.',
      )
    },
  }
}

async function describe(
  place: string,
  { uuid, name, profile }: Manifest,
  { disks, facts }: { disks: readonly DiskFacts[]; facts: PoolFacts | undefined },
): Promise<FoundPool> {
  return {
    uuid,
    name,
    profile,
    disks: disks.map(({ serial, model, sizeBytes }) => ({ serial, model, sizeBytes })),
    missingDisks: facts?.members.filter(({ isMissing }) => isMissing).length ?? 0,
    shares: await namesIn(place, 'shares'),
    homes: await namesIn(place, 'homes'),
  }
}

/** Undefined: no Cairn has made this, or somebody has made something else of it. */
export async function readManifest(place: string): Promise<Manifest | undefined> {
  for (const name of topFolders) if ((await kindOf(join(place, name))) === 'other') return undefined
  const file = join(place, 'manifest.json')
  return (await kindOf(file)) === 'file' ? parseManifest(await readFile(file, 'utf8')) : undefined
}

async function kindOf(path: string): Promise<'absent' | 'folder' | 'file' | 'other'> {
  try {
    const status = await lstat(path)
    return status.isDirectory() ? 'folder' : status.isFile() ? 'file' : 'other'
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return 'absent'
    throw error
  }
}

/** What is being made there begins with a dot. */
export async function namesIn(place: string, kind: SubvolumeKind): Promise<string[]> {
  const entries = await readdir(join(place, kind), { withFileTypes: true })
  return entries
    .filter(entry => entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => name)
    .sort()
}
