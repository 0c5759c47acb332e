import { Failure } from '../../lib/failure.ts'
import { pathOf } from '../parse/address.ts'
import { type PropertyEdit, parseProppatch } from '../parse/proppatch.ts'
import { escapeText } from '../render/escape.ts'
import { liveProperty, namespaces } from '../render/live-properties.ts'
import { emptyElement, multistatusEnd, multistatusStart, propstat } from '../render/multistatus.ts'
import { renderElement } from '../render/xml.ts'
import { readXml } from '../service/body.ts'
import type { DavCall } from '../service/call.ts'
import { requireUnlocked } from '../service/locks.ts'
import { checkIf, conditionsOf } from '../service/preconditions.ts'
import { replyXml } from '../service/reply.ts'
import type { PropertyChange } from '../store/properties.ts'

/** PROPPATCH (RFC 4918, 9.2): all edits or none. */
export async function proppatch(call: DavCall): Promise<void> {
  const { request, response, files, actor, path } = call
  const edits = parseProppatch(await readXml(request, response))
  const tokens = await checkIf(call)
  const entry = await files.stat(actor, path)
  conditionsOf(call)(entry)
  if (entry.right !== 'write' || entry.id === undefined) throw readOnly()
  await requireUnlocked(call, [{ path }], tokens)
  const refused = edits.filter(edit => actionOf(edit).kind === 'refuse')
  if (refused.length === 0) await apply(call, entry.id, edits)
  replyXml(response, 207, multistatusStart + answer(call, edits, refused) + multistatusEnd)
}

type Action =
  | { kind: 'store'; change: PropertyChange }
  | { kind: 'touch'; modifiedAtMs: number }
  | { kind: 'refuse' }

const microsoft = 'urn:schemas-microsoft-com:'
const maxValueLength = 64 * 1024

function actionOf(edit: PropertyEdit): Action {
  const { kind, namespace, name } = edit
  if (isModified(edit)) {
    const modifiedAtMs = timeOf(edit.text)
    return kind === 'set' && modifiedAtMs !== undefined ? { kind: 'touch', modifiedAtMs } : { kind: 'refuse' }
  }
  if (liveProperty(namespace, name) || namespace === namespaces.dav) return { kind: 'refuse' }
  if (kind === 'remove') return { kind: 'store', change: { kind, namespace, name } }
  const value = renderElement(edit.element)
  if (value.length > maxValueLength) return { kind: 'refuse' }
  return { kind: 'store', change: { kind, namespace, name, value } }
}

/** Ways to set a modification time: sync clients, and the Windows Mini-Redirector after every PUT. */
function isModified({ namespace, name }: PropertyEdit): boolean {
  if (namespace === namespaces.dav) return name === 'lastmodified' || name === 'getlastmodified'
  return namespace === microsoft && name === 'Win32LastModifiedTime'
}

/** Seconds since the epoch or an HTTP date. */
function timeOf(text: string): number | undefined {
  const ms = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text)
  return Number.isFinite(ms) && Math.abs(ms) < 8e15 ? Math.floor(ms / 1000) * 1000 : undefined
}

async function apply(
  { files, actor, path, properties }: DavCall,
  fileId: number,
  edits: readonly PropertyEdit[],
) {
  const actions = edits.map(actionOf)
  const changes = actions.flatMap(action => (action.kind === 'store' ? [action.change] : []))
  if (changes.length > 0) await properties.change(fileId, changes)
  for (const action of actions) {
    if (action.kind === 'touch') await files.touch(actor, path, action.modifiedAtMs)
  }
}

function answer(call: DavCall, edits: readonly PropertyEdit[], refused: readonly PropertyEdit[]): string {
  const names = (some: readonly PropertyEdit[]) => [...new Set(some.map(emptyElement))].join('')
  const href = `<d:href>${escapeText(pathOf(call.request.url ?? '/'))}</d:href>`
  if (refused.length === 0) return `<d:response>${href}${propstat(names(edits), '200 OK')}</d:response>`
  const others = edits.filter(edit => !refused.includes(edit))
  const failed = others.length === 0 ? '' : propstat(names(others), '424 Failed Dependency')
  const forbidden = propstat(names(refused), '403 Forbidden').replace(
    '</d:propstat>',
    '<d:error><d:cannot-modify-protected-property/></d:error></d:propstat>',
  )
  return `<d:response>${href}${forbidden}${failed}</d:response>`
}

function readOnly(): Failure {
  return new Failure('forbidden', 'files/read-only-grant', 'You may read here, but not change anything.')
}
