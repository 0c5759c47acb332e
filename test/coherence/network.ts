import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Cairn, smbAnyway } from '../helpers/cairn.ts'
import type { Random } from '../helpers/random.ts'
import type { DavClient } from './dav.ts'
import type { Names } from './names.ts'
import type { Act } from './shell.ts'

/** What clients of WebDAV do. */
export function davActs(random: Random, names: Names, dav: DavClient) {
  const { folder, file, content } = names
  const one = (
    method: string,
    path: string,
    rest: { headers?: Record<string, string>; body?: Buffer } = {},
  ): Act => ({
    what: method,
    paths: [path],
    perform: async () => String((await dav.send({ method, path, ...rest })).status),
  })
  const two = (method: string, from: string, to: string): Act => {
    const headers = { destination: dav.urlOf(to), overwrite: random.pick(['T', 'T', 'F']) }
    return {
      what: method,
      paths: [from, to],
      perform: async () => String((await dav.send({ method, path: from, headers })).status),
    }
  }
  const acts: (() => Act)[] = [
    () => one('PUT', file(), { body: content() }),
    () => one('PUT', file(), { body: content() }),
    () =>
      one('PUT', file(), {
        body: content(),
        headers: { 'x-oc-mtime': String(1_600_000_000 + random.below(3)) },
      }),
    () => one('PUT', file(), { body: content(), headers: { 'x-nc-webdav-automkcol': '1' } }),
    () => one('MKCOL', folder()),
    () => one('MKCOL', folder()),
    () => one('DELETE', random.pick([file, file, file, folder])()),
    () => two('MOVE', file(), file()),
    () => two('MOVE', folder(), folder()),
    () => two('COPY', file(), file()),
    () => two('COPY', folder(), folder()),
    () => chunked(file(), content(), dav),
  ]
  return () => random.pick(acts)()
}

function chunked(path: string, body: Buffer, dav: DavClient): Act {
  return {
    what: 'chunked upload',
    paths: [path],
    async perform() {
      const headers = { destination: dav.urlOf(path).replace('/webdav', '/dav/files/admin') }
      const transfer = `uploads/admin/${randomUUID()}`
      const half = Math.ceil(body.length / 2)
      const parts = [body.subarray(0, half), body.subarray(half)]
      const results = [(await dav.send({ method: 'MKCOL', path: transfer, headers, mount: '/dav' })).status]
      for (const [index, part] of parts.entries()) {
        const to = `${transfer}/${index + 1}`
        results.push((await dav.send({ method: 'PUT', path: to, headers, body: part, mount: '/dav' })).status)
      }
      const end = { method: 'MOVE', path: `${transfer}/.file`, headers, mount: '/dav' }
      results.push((await dav.send(end)).status)
      return results.join(' ')
    },
  }
}

/** What a network drive does: some commands in a session of their own. */
export function smbActs(random: Random, names: Names, cairn: Cairn, scratch: string) {
  const local = join(scratch, 'for-smb')
  const backslashed = (path: string) => `"${path.replaceAll('/', '\\')}"`
  return (): Act => {
    const { share } = names.plain('file')
    const inShare = (kind: 'file' | 'folder') => names.plain(kind).path
    const commands: { what: string; paths: string[] }[] = Array.from({ length: 4 }, () => {
      const what = random.pick(['put', 'put', 'del', 'rename', 'rename', 'mkdir', 'deltree'])
      const kind =
        what === 'mkdir' || what === 'deltree' ? 'folder' : random.pick(['file', 'file', 'folder'] as const)
      const paths =
        what === 'rename' ? [inShare(kind), inShare(kind)] : [inShare(what === 'put' ? 'file' : kind)]
      return { what, paths }
    })
    const body = names.content()
    return {
      what: commands.map(({ what }) => what).join(', '),
      paths: commands.flatMap(({ paths }) => paths.map(path => `${share}/${path}`)),
      async perform() {
        writeFileSync(local, body)
        const lines = commands.map(({ what, paths }) => {
          const places = paths.map(backslashed).join(' ')
          return what === 'put' ? `put ${local} ${places}` : `${what} ${places}`
        })
        const said = await smbAnyway(cairn, share, ...lines)
        return [...new Set(said.match(/NT_STATUS_\w+/g))].join(' ') || 'ok'
      },
    }
  }
}
