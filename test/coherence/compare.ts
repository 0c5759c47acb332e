import { Agent } from 'node:http'
import type { Cairn } from '../helpers/cairn.ts'
import type { DavClient, Listed } from './dav.ts'
import { type Found, NotYet, type Place, walk } from './disk.ts'

export interface Difference {
  paths: string[]
  text: string
}

/** The disk as it is, over all volumes; a difference where it cannot be read yet. */
export function walkAll(places: readonly Place[]): Map<string, Found> | Difference {
  try {
    return new Map(places.flatMap(place => [...walk(place)]))
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (!(error instanceof NotYet) && code !== 'ENOENT') throw error
    return { paths: [], text: String(error) }
  }
}

/** Every folder as one server lists it, by path, with the folder itself. */
export async function listAll(dav: DavClient, agent: Agent): Promise<Map<string, Listed> | Difference> {
  const all = new Map<string, Listed>()
  const waiting = ['']
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const { status, self, children } = await dav.list(path, '1', agent)
    if (!self) return { paths: [path], text: `PROPFIND ${path}: ${status}` }
    const shown = all.get(path)
    if (shown && (shown.id !== self.id || shown.etag !== self.etag || shown.size !== self.size))
      return { paths: [path], text: `${path} is ${worded(self)}; in the folder above ${worded(shown)}` }
    all.set(path, self)
    for (const child of children) {
      const at = path === '' ? child.name : `${path}/${child.name}`
      const known = all.get(at)
      if (known) return { paths: [at], text: `${at} is listed twice` }
      all.set(at, child)
      if (child.kind === 'folder') waiting.push(at)
    }
  }
  return all
}

function worded({ id, etag, size }: Listed): string {
  return `${id} ${etag} ${size}`
}

/** What a listing or a mirror says otherwise than the disk. The root's etag is of no volume alone. */
export function differences(
  who: string,
  said: ReadonlyMap<string, Listed>,
  disk: ReadonlyMap<string, Found>,
): Difference[] {
  const found: Difference[] = []
  const add = (path: string, text: string) => found.push({ paths: [path], text: `${who}: ${path}: ${text}` })
  for (const [path, is] of disk) {
    if (path === '') continue
    const listed = said.get(path)
    if (!listed) add(path, `not listed; on the disk it is a ${is.kind}`)
    else if (listed.kind !== is.kind) add(path, `a ${listed.kind}, on the disk a ${is.kind}`)
    else if (listed.id !== is.id) add(path, `id ${listed.id}, on the disk ${is.id}`)
    else if (listed.etag !== is.etag)
      add(path, `${is.kind} etag ${listed.etag}, by the disk ${is.etag} ${is.facts}`)
    else if (listed.size !== undefined && listed.size !== is.size)
      add(path, `${listed.size} bytes, on the disk ${is.size}`)
  }
  for (const path of said.keys())
    if (!disk.has(path)) add(path, 'listed; not on the disk, or never to be served')
  return found
}

/** A connection to each of two servers, or as many as there are. */
export async function linesToAll({ url }: Pick<Cairn, 'url'>, wanted: number): Promise<Map<string, Agent>> {
  const lines = new Map<string, Agent>()
  for (let attempt = 0; attempt < 100 && lines.size < wanted; attempt++) {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const server = await serverOf(url, agent)
    if (server === undefined || lines.has(server)) agent.destroy()
    else lines.set(server, agent)
  }
  return lines
}

async function serverOf(url: string, agent: Agent): Promise<string | undefined> {
  const { request } = await import('node:http')
  return new Promise(resolve => {
    request(`${url}/metrics`, { agent }, response => {
      let body = ''
      response.setEncoding('utf8').on('data', text => {
        body += text
      })
      response.once('end', () => resolve(/server="(\d+)"/.exec(body)?.[1]))
      response.once('close', () => resolve(undefined))
    })
      .once('error', () => resolve(undefined))
      .end()
  })
}
