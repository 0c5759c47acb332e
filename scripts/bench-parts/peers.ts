import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { descendants, ended, type Peer } from './load.ts'

const serviceUid = 2770
const root = join(import.meta.dirname, '..', '..')

/** Our WebDAV alone, over a folder. */
export async function startCairn(volume: string, options: { hasJournal?: boolean } = {}): Promise<Peer> {
  const child = spawn(
    process.execPath,
    [
      '--max-semi-space-size=4',
      join(root, 'test/dav/serve.ts'),
      volume,
      ...(options.hasJournal ? ['journal'] : []),
    ],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, UV_THREADPOOL_SIZE: '64' },
    },
  )
  const ready = await lineOf(child, /^ready (.*)/)
  return {
    name: 'Cairn',
    url: `${ready}/dav/files/alice/shared/`,
    authorization: `Basic ${btoa('alice:secret')}`,
    folder: join(volume, 'share/shared'),
    pids: () => (child.pid ? [child.pid] : []),
    async stop() {
      child.stdin?.end()
      await ended(child)
    },
  }
}

/** The whole of Cairn as `scripts/start` runs it, on its own practice disk. */
export async function startInstance(data: string, { servers = 1 } = {}): Promise<Peer> {
  const [http, smb, nfs] = [await freePort(), await freePort(), await freePort()]
  const options = ['--data', data, '--http-port', `${http}`, '--smb-port', `${smb}`, '--nfs-port', `${nfs}`]
  const practice = [
    '--practice-disks',
    '1',
    '--practice-size',
    '8G',
    '--admin',
    'admin:Bench-pass-1',
    '--pool',
    'single',
    '--servers',
    `${servers}`,
  ]
  const child = spawn(join(root, 'scripts/start'), [...options, ...practice], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await lineOf(child, /^ready (http.*)/)
  return {
    name: 'Cairn (scripts/start)',
    url: `http://127.0.0.1:${http}/dav/files/admin/shared/`,
    authorization: `Basic ${btoa('admin:Bench-pass-1')}`,
    folder: join(data, 'pools/pool/shares/shared'),
    pids: () => descendants(child.pid ?? 0).filter(isServer),
    smbPort: smb,
    async stop() {
      child.kill('SIGTERM')
      await ended(child)
    },
  }
}

/** The server among the launcher's children: the one under the service account. */
function isServer(pid: number): boolean {
  return process.getuid?.() !== 0 || statSync(`/proc/${pid}`).uid === serviceUid
}

export async function startApache(volume: string, scratch: string): Promise<Peer> {
  const port = await freePort()
  const folder = join(volume, 'apache')
  for (const one of [folder, scratch]) {
    mkdirSync(one, { recursive: true })
    chmodSync(one, 0o777)
  }
  const config = join(scratch, 'apache.conf')
  writeFileSync(config, apacheConfig(port, folder, scratch))
  const child = spawn('/usr/sbin/apache2', ['-f', config, '-DFOREGROUND'], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  await answering(port)
  return {
    name: 'Apache mod_dav',
    url: `http://127.0.0.1:${port}/`,
    authorization: undefined,
    folder,
    pids: () => descendants(child.pid ?? 0),
    async stop() {
      child.kill('SIGTERM')
      await ended(child)
    },
  }
}

const modules = 'mpm_event authn_core authz_core dav dav_fs mime dir setenvif'.split(' ')

function apacheConfig(port: number, folder: string, scratch: string): string {
  return `ServerRoot ${scratch}
ServerName localhost
Listen 127.0.0.1:${port}
PidFile ${scratch}/apache.pid
ErrorLog ${scratch}/error.log
Mutex file:${scratch} default
${modules.map(name => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join('\n')}
User www-data
Group www-data
TypesConfig /etc/mime.types
KeepAlive On
MaxKeepAliveRequests 0
DavLockDB ${scratch}/DavLock
DocumentRoot ${folder}
<Directory ${folder}>
  Dav On
  Require all granted
  DirectoryIndex disabled
  FileETag MTime Size
</Directory>
`
}

export async function startWebdavServer(volume: string): Promise<Peer> {
  const port = await freePort()
  const folder = join(volume, 'webdav-server')
  mkdirSync(folder, { recursive: true })
  const code = `
    const { v2 } = require('webdav-server')
    const server = new v2.WebDAVServer({ port: ${port}, hostname: '127.0.0.1' })
    server.setFileSystem('/', new v2.PhysicalFileSystem(${JSON.stringify(folder)}), () => server.start(() => console.log('ready')))`
  const child = spawn(process.execPath, ['-e', code], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
  await lineOf(child, /^(ready)/)
  return {
    name: 'webdav-server',
    url: `http://127.0.0.1:${port}/`,
    authorization: undefined,
    folder,
    pids: () => (child.pid ? [child.pid] : []),
    async stop() {
      child.kill('SIGKILL')
      await ended(child)
    },
  }
}

async function lineOf(child: ChildProcess, wanted: RegExp): Promise<string> {
  if (!child.stdout) throw new Error('the output of a peer is read')
  for await (const line of createInterface(child.stdout)) {
    const found = wanted.exec(line)
    if (!found) continue
    child.stdout.resume()
    return found[1] ?? ''
  }
  throw new Error('a peer ended before it was ready')
}

export function freePort(): Promise<number> {
  return new Promise(resolve => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

async function answering(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    try {
      await fetch(`http://127.0.0.1:${port}/`)
      return
    } catch {
      await new Promise(resolve => setTimeout(resolve, 25))
    }
  }
  throw new Error('Apache does not answer')
}
