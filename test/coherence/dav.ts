import { type Agent, request } from 'node:http'
import { admin, basic, type Cairn } from '../helpers/cairn.ts'

export interface Answer {
  /** 0: there was none, because the server went away. */
  status: number
  headers: Record<string, string | string[] | undefined>
  body: Buffer
}

export interface Sending {
  method: string
  /** In the tree of the administrator: `shared/a/b`. */
  path: string
  headers?: Record<string, string>
  body?: Uint8Array | string
  /** A connection that stays; else a new one, and so any of the servers. */
  agent?: Agent
  mount?: string
}

export interface Listed {
  name: string
  kind: 'file' | 'folder'
  id: number
  etag: string
  size: number | undefined
}

const patienceMs = 30_000

/** Speaks WebDAV; a server that dies meanwhile is an answer too. */
export function createDavClient(cairn: Pick<Cairn, 'url'>) {
  function send({ method, path, headers = {}, body, agent, mount = '/webdav' }: Sending): Promise<Answer> {
    return new Promise(resolve => {
      const none = () => resolve({ status: 0, headers: {}, body: Buffer.alloc(0) })
      const sent = request(
        cairn.url + encode(mount, path),
        {
          method,
          agent: agent ?? false,
          headers: { authorization: basic(admin), ...headers },
          timeout: patienceMs,
        },
        response => {
          const parts: Buffer[] = []
          response.on('data', part => parts.push(part))
          response.once('error', none)
          response.once('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: Buffer.concat(parts),
            }),
          )
          response.once('close', none)
        },
      )
      sent.once('timeout', () => sent.destroy())
      sent.once('error', none)
      sent.end(body)
    })
  }

  /** What is there, then what is in it; undefined where the answer is no 207. */
  async function list(
    path: string,
    depth: '0' | '1',
    agent?: Agent,
  ): Promise<{ status: number; self?: Listed; children: Listed[] }> {
    const { status, body } = await send({
      method: 'PROPFIND',
      path,
      headers: { depth },
      body: question,
      ...(agent ? { agent } : {}),
    })
    if (status !== 207) return { status, children: [] }
    const [self, ...children] = parse(body.toString())
    if (!self) throw new Error(`an empty multistatus of ${path}`)
    return { status, self, children }
  }

  return { send, list, urlOf: (path: string) => encode('/webdav', path) }
}

export type DavClient = ReturnType<typeof createDavClient>

const question =
  '<?xml version="1.0"?><d:propfind xmlns:d="DAV:" xmlns:oc="http://owncloud.org/ns"><d:prop>' +
  '<d:getetag/><d:getcontentlength/><d:resourcetype/><oc:fileid/><oc:size/></d:prop></d:propfind>'

function parse(xml: string): Listed[] {
  if (!xml.trimEnd().endsWith('</d:multistatus>')) throw new Error('a multistatus that was cut')
  return [...xml.matchAll(/<d:response>(.*?)<\/d:response>/gs)].map(([, text = '']) => {
    const href = decodeURIComponent(unescapeText(textOf(text, 'd:href') ?? ''))
    const kind = text.includes('<d:collection/>') ? 'folder' : 'file'
    const size = textOf(text, 'oc:size') ?? textOf(text, 'd:getcontentlength')
    return {
      name: href.replace(/\/$/, '').split('/').at(-1) ?? '',
      kind,
      id: Number(textOf(text, 'oc:fileid')),
      etag: unescapeText(textOf(text, 'd:getetag') ?? '').replaceAll('"', ''),
      size: size === undefined ? undefined : Number(size),
    }
  })
}

function textOf(text: string, element: string): string | undefined {
  return new RegExp(`<${element}>([^<]*)</${element}>`).exec(text)?.[1]
}

function unescapeText(text: string): string {
  return text
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&apos;', "'")
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')
}

function encode(mount: string, path: string): string {
  const names = path.split('/').filter(Boolean)
  return [mount, ...names.map(encodeURIComponent)].join('/')
}
