import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { admin, basic, eventually, smb } from '../helpers/cairn.ts'
import { createMachine, type Machine, whyNoMachine } from '../helpers/machine.ts'
import { nfsClient } from '../helpers/nfs.ts'

/** NFS on the built image, from outside: the kernel of the image serves, and nothing of Debian's own NFS runs. */
const reason = whyNoMachine()
const onMachine = reason === null ? test.serial : test.skip
const because = reason === null ? '' : ` (needs ${reason})`
const headers = { authorization: basic(admin) }
const sum = (bytes: Uint8Array) => createHash('sha1').update(bytes).digest('hex')

const setup = {
  admin,
  pool: { name: 'pool', profile: 'raid1', disks: ['DISK1', 'DISK2'] },
  shares: [{ name: 'shared', everyone: 'write' }],
}
/** Where QEMU lets what comes from this machine come from. */
const fromHere = '10.0.2.0/24'

onMachine(
  `NFS: the kernel serves the same bytes as SMB and WebDAV, also after a restart${because}`,
  async t => {
    t.timeout(25 * 60_000)
    const machine = await createMachine(t, {
      firmware: 'bios',
      disks: ['DISK1', 'DISK2'],
      bootFiles: { 'cairn-setup.json': JSON.stringify(setup) },
    })
    await machine.start()
    await eventually(async () => (await put(machine, 'webdav.bin', 'x')) === 201, 5 * 60_000)
    t.is(await serving(machine), '')

    await allow(t, machine, ['192.168.77.0/24'])
    const v4 = nfsClient(machine, 4)
    await t.throwsAsync(v4.list('/shared'))
    await allow(t, machine, [fromHere])
    await sameEverywhere(t, machine)

    t.like(await nfs(machine), { engine: 'kernel', isRunning: true, problem: null, connected: [] })
    t.regex(await serving(machine), /\/nfs\/root\/exports\/shared\s+10\.0\.2\.0\/24\(rw,/)
    t.is((await machine.shell('systemctl --failed --no-legend --plain')).trim(), '')
    t.is((await machine.shell('pgrep --list-full "ganesha|rpcbind|statd|idmapd|blkmapd" || true')).trim(), '')
    t.is((await machine.shell('ss --no-header --listening --numeric "sport = :111"')).trim(), '')
    t.log(
      await machine.shell('pgrep --list-full "mountd|nfsdcld"; lsmod; free --mebi; df --human-readable /'),
    )

    await machine.powerOff()
    await machine.start()
    await eventually(async () => (await v4.list('/shared').catch(() => new Map())).has('nfs.bin'), 5 * 60_000)
  },
)

/** Written by each face, read by every one. */
async function sameEverywhere(t: ExecutionContext, machine: Machine) {
  const scratch = await mkdtemp(join(tmpdir(), 'cairn-'))
  t.teardown(() => rm(scratch, { recursive: true }))
  const at = (name: string) => join(scratch, name)
  const v4 = nfsClient(machine, 4)
  // What libnfs can write by version 4.
  const written = { nfs: randomBytes(3_000), smb: randomBytes(2_000_001), webdav: randomBytes(1_000_001) }
  for (const [face, bytes] of Object.entries(written)) await writeFile(at(face), bytes)
  await v4.copyIn(at('nfs'), '/shared/nfs.bin')
  await smb(machine, 'shared', `put ${at('smb')} smb.bin`)
  t.is(await put(machine, 'webdav.bin', written.webdav), 204)
  for (const [face, bytes] of Object.entries(written)) {
    const name = `${face}.bin`
    await eventually(async () => sum(await overDav(machine, name)) === sum(bytes), 60_000)
    await smb(machine, 'shared', `get ${name} ${at('out')}`)
    t.is(sum(await readFile(at('out'))), sum(bytes), `${name} over SMB`)
    t.is(sum(await v4.cat(`/shared/${name}`)), sum(bytes), `${name} over NFS`)
    t.is((await v4.list('/shared')).get(name)?.owner, 2770)
  }
}

async function allow(t: ExecutionContext, machine: Machine, clients: string[]) {
  const answer = await fetch(`${machine.url}/api/v1/shares/shared/nfs`, {
    method: 'PUT',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ clients, access: 'write' }),
  })
  t.like(await answer.json(), { enabled: true, problem: null })
}

const nfs = async (machine: Machine) => (await fetch(`${machine.url}/api/v1/nfs`, { headers })).json()

/** What the kernel exports; nothing where nobody has asked it to. */
const serving = (machine: Machine) =>
  machine.shell(
    'for each in $(findmnt --noheadings --types nfsd --output TARGET); do cat $each/exports; done',
  )

const put = async (machine: Machine, name: string, body: string | Uint8Array<ArrayBuffer>) =>
  (await fetch(`${machine.url}/webdav/shared/${name}`, { method: 'PUT', headers, body })).status

const overDav = async (machine: Machine, name: string) =>
  new Uint8Array(await (await fetch(`${machine.url}/webdav/shared/${name}`, { headers })).arrayBuffer())
