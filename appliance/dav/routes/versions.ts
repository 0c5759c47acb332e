import { bareFolder, davVersionNames, type Entry, type Version } from '../../files/index.ts'
import { Failure } from '../../lib/failure.ts'
import { methodNotAllowed } from '../errors.ts'
import { parseDepth } from '../parse/headers.ts'
import { parsePropfind } from '../parse/propfind.ts'
import { type PropertyEdit, parseProppatch } from '../parse/proppatch.ts'
import { escapeText } from '../render/escape.ts'
import { namespaces } from '../render/live-properties.ts'
import {
  emptyElement,
  multistatusEnd,
  multistatusStart,
  planProperties,
  propstat,
} from '../render/multistatus.ts'
import { readXml } from '../service/body.ts'
import type { DavCall } from '../service/call.ts'
import { askedAddress, historyExtras, restoreTarget } from '../service/history.ts'
import { requireUnlocked } from '../service/locks.ts'
import { replyEmpty, replyXml, setEntryHeaders } from '../service/reply.ts'
import { sendOpen } from '../service/send-open.ts'

/** Versions as clients of Nextcloud know them: `versions/FILEID/SECOND`, restored by a MOVE to `restore/…`. */
export const versionVerbs: ReadonlyMap<string, (call: DavCall) => Promise<void>> = new Map([
  ['PROPFIND', propfind],
  ['GET', get],
  ['HEAD', get],
  ['DELETE', remove],
  ['PROPPATCH', proppatch],
  ['MOVE', restore],
  ['COPY', restore],
])

/** A file's versions, and how they are called. */
interface Versions {
  /** Of the file. */
  path: string[]
  all: { name: string; version: Version }[]
}

async function versionsOf({ files, actor, path }: DavCall): Promise<Versions> {
  const id = /^\d{1,16}$/.test(path[0] ?? '') ? Number(path[0]) : Number.NaN
  const found = Number.isSafeInteger(id) ? await files.pathById(actor, id) : undefined
  if (!found || path.length > 2) throw missing()
  const all = await files.versions.list(actor, found)
  const names = davVersionNames(all.map(({ modifiedAtMs }) => modifiedAtMs))
  return { path: found, all: all.map((version, index) => ({ name: names[index] ?? '', version })) }
}

async function find(call: DavCall): Promise<{ path: string[]; version: Version }> {
  const name = call.path[1]
  if (name === undefined) throw methodNotAllowed()
  const { path, all } = await versionsOf(call)
  const found = all.find(one => one.name === name)
  if (!found) throw missing()
  return { path, version: found.version }
}

async function propfind(call: DavCall): Promise<void> {
  const { request, response } = call
  const plan = planProperties(parsePropfind(await readXml(request, response)))
  const isDeep = parseDepth(request.headers.depth, 'infinity') !== '0'
  const { path, all } = await versionsOf(call)
  const base = escapeText(askedAddress(call))
  const [id = '', wanted] = call.path
  const show = (href: string, name: string, version: Version) =>
    plan.render(href, entryOf(path, version), historyExtras(call, propertiesOf(name, version)), [])
  const one = all.find(({ name }) => name === wanted)
  if (wanted !== undefined && !one) throw missing()
  const responses = one
    ? [show(base, one.name, one.version)]
    : [
        plan.render(`${base}/`, bareFolder(id), historyExtras(call), []),
        ...(isDeep ? all.map(({ name, version }) => show(`${base}/${name}`, name, version)) : []),
      ]
  replyXml(response, 207, multistatusStart + responses.join('') + multistatusEnd)
}

function entryOf(path: readonly string[], { modifiedAtMs, size }: Version): Entry {
  const name = path.at(-1) ?? ''
  return { ...bareFolder(name), kind: 'file', size, modifiedAtMs, isAvailable: true, isVolumeRoot: false }
}

function propertiesOf(name: string, { author, label }: Version): Record<string, string> {
  return {
    'd:getetag': name,
    'nc:has-preview': 'false',
    ...(author === undefined ? {} : { 'nc:version-author': escapeText(author) }),
    ...(label === undefined ? {} : { 'nc:version-label': escapeText(label) }),
  }
}

async function get(call: DavCall): Promise<void> {
  const { path, version } = await find(call)
  await sendOpen(call, call.files.versions.open(call.actor, path, version.id))
}

async function remove(call: DavCall): Promise<void> {
  const { path, version } = await find(call)
  await call.files.versions.remove(call.actor, path, version.id)
  replyEmpty(call.response, 204)
}

async function restore(call: DavCall): Promise<void> {
  if (restoreTarget(call, 'versions') !== undefined)
    throw new Failure('forbidden', 'dav/destination', 'A version is restored in its place.')
  const { path, version } = await find(call)
  if (!version.isCurrent) {
    const beforeCommit = () => requireUnlocked({ ...call, path }, [{ path }], new Set())
    const { entry } = await call.files.versions.restore(call.actor, path, version.id, { beforeCommit })
    setEntryHeaders(call.response, entry, call.instanceId)
  }
  replyEmpty(call.response, 201)
}

const longestLabel = 200

async function proppatch(call: DavCall): Promise<void> {
  const edits = parseProppatch(await readXml(call.request, call.response))
  const { path, version } = await find(call)
  const isFine = edits.every(isLabel)
  if (isFine) {
    for (const { kind, text } of edits)
      await call.files.versions.label(call.actor, path, version.id, kind === 'set' ? text : '')
  }
  const names = [...new Set(edits.map(emptyElement))].join('')
  const href = `<d:href>${escapeText(askedAddress(call))}</d:href>`
  const body = `<d:response>${href}${propstat(names, isFine ? '200 OK' : '403 Forbidden')}</d:response>`
  replyXml(call.response, 207, multistatusStart + body + multistatusEnd)
}

function isLabel({ namespace, name, text }: PropertyEdit): boolean {
  return namespace === namespaces.nextcloud && name === 'version-label' && text.length <= longestLabel
}

function missing(): Failure {
  return new Failure('missing', 'files/no-version', 'There is no such version of this file any more.')
}
