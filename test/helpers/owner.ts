import { admin, basic, callApi, eventually } from './cairn.ts'
import type { Machine } from './machine.ts'

/** Who has set a machine up, and uses it from the network. */
export function createOwner(machine: Machine) {
  const addressOf = (path: string) => `${machine.url}/webdav/shared/${path}`
  const headers = { authorization: basic(admin) }

  function api(method: string, path: string, body?: unknown) {
    return callApi({ url: machine.url, method, path, body, user: admin })
  }

  /** The answer's status; 0 where nobody answers. */
  async function put(path: string, body: string): Promise<number> {
    return fetch(addressOf(path), { method: 'PUT', headers, body }).then(
      ({ status }) => status,
      () => 0,
    )
  }

  /** The content, or `undefined` where there is none to be had. */
  async function get(path: string): Promise<string | undefined> {
    return fetch(addressOf(path), { headers }).then(
      answer => (answer.ok ? answer.text() : undefined),
      () => undefined,
    )
  }

  async function makeFolder(path: string): Promise<number> {
    return (await fetch(addressOf(path), { method: 'MKCOL', headers })).status
  }

  /** Starts work that takes a while. */
  async function begin(path: string, body?: unknown): Promise<string> {
    const answer = await api('POST', path, body)
    if (answer.status !== 202) throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
    return answer.body.job
  }

  /** Rejects with what went wrong where it failed. */
  async function finished(job: string, withinMs: number) {
    await eventually(async () => (await api('GET', `/jobs/${job}`)).body.state !== 'running', withinMs)
    const { state, error } = (await api('GET', `/jobs/${job}`)).body
    if (state !== 'done') throw new Error(`${state}: ${JSON.stringify(error)}`)
  }

  /** Set up by the file on its boot partition, and serving. */
  async function moveIn() {
    await eventually(async () => (await put('moved-in.txt', 'hello')) === 201, movesInWithinMs)
  }

  return { api, begin, finished, put, get, makeFolder, moveIn }
}

export type Owner = ReturnType<typeof createOwner>

const movesInWithinMs = 6 * 60_000

/** What a machine is set up by, as a file for its boot partition. */
export function setupFile(pool: { profile: string; disks: string[] }): Record<string, string> {
  const document = {
    admin,
    pool: { name: 'pool', ...pool },
    shares: [{ name: 'shared', everyone: 'write' }],
  }
  return { 'cairn-setup.json': JSON.stringify(document) }
}
