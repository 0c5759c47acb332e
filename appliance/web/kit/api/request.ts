import { ApiFailure, failureOf, noAnswer } from './failure.ts'

export const apiRoot = '/api/v1'

type Query = Record<string, string | number | boolean | undefined | readonly string[]>

export interface RequestOptions {
  query?: Query
  body?: unknown
  signal?: AbortSignal | undefined
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** One call of the REST API. Throws `ApiFailure`, also when nothing answers. */
export async function request<T>(method: Method, path: string, options: RequestOptions = {}): Promise<T> {
  const { query, body, signal } = options
  const response = await send(addressOf(path, query), {
    method,
    headers: { ...ourOwn, ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal ? { signal } : {}),
  })
  if (!response.ok) throw failureOf(response.status, await readJson(response))
  return (response.status === 204 ? undefined : await readJson(response)) as T
}

/** An answer that is no JSON but a text. */
export async function requestText(path: string): Promise<string> {
  const response = await send(addressOf(path), { method: 'GET', headers: ourOwn })
  if (!response.ok) throw failureOf(response.status, await readJson(response))
  return response.text()
}

/** Tells the server that a page asks, so that it answers 401 without the browser's own password window. */
export const ourOwn = { 'X-Requested-With': 'XMLHttpRequest' }

/** `/files`, {path: '/a'} is `/api/v1/files?path=%2Fa`; an array repeats the name. */
export function addressOf(path: string, query: Query = {}): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined) parameters.append(name, String(one))
    }
  }
  const text = parameters.toString()
  return `${apiRoot}${path}${text === '' ? '' : `?${text}`}`
}

async function send(address: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(address, init)
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw noAnswer()
  }
}

async function readJson(response: Response): Promise<unknown> {
  const text = await response.text()
  try {
    return text === '' ? undefined : JSON.parse(text)
  } catch (error) {
    if (!response.ok) return undefined
    throw new ApiFailure({ status: response.status, code: 'web/not-json', message: String(error) })
  }
}
