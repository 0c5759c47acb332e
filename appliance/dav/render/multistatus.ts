import type { Entry } from '../../files/index.ts'
import type { PropertyName, PropertyRequest } from '../parse/propfind.ts'
import type { PropertyRow } from '../store/migrations.ts'
import { escapeText } from './escape.ts'
import { type Extras, type LiveProperty, liveProperties, liveProperty } from './live-properties.ts'

export const multistatusStart =
  '<?xml version="1.0" encoding="utf-8"?>\n' +
  '<d:multistatus xmlns:d="DAV:" xmlns:s="http://sabredav.org/ns" xmlns:oc="http://owncloud.org/ns" xmlns:nc="http://nextcloud.org/ns">'
export const multistatusEnd = '</d:multistatus>'

export const propstat = (content: string, status: string) =>
  `<d:propstat><d:prop>${content}</d:prop><d:status>HTTP/1.1 ${status}</d:status></d:propstat>`

const okStart = '</d:href><d:propstat><d:prop>'
const okEnd = '</d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat>'
const missingStart = '<d:propstat><d:prop>'
const missingEnd = '</d:prop><d:status>HTTP/1.1 404 Not Found</d:status></d:propstat>'

/** A request for properties, prepared once for any number of entries. */
export interface PropertyPlan {
  needsLocks: boolean
  needsQuota: boolean
  needsChecksums: boolean
  needsDead: boolean
  /** Nothing that it answers can hold more than ASCII: it is written without encoding. */
  isAscii: boolean
  /** One `<d:response>`; `href` is escaped already. */
  render(href: string, entry: Entry, extras: Extras, dead: readonly PropertyRow[]): string
}

export function planProperties(request: PropertyRequest): PropertyPlan {
  if (request.kind === 'propname') return planNames()
  if (request.kind === 'prop') return planValues(split(request.names), false)
  const all = [...liveProperties.values()]
    .flatMap(table => [...table.values()])
    .filter(one => one.isInAllprop)
  const { live, dead } = split(request.include)
  return planValues({ live: [...new Set([...all, ...live])], dead }, true)
}

function split(names: readonly PropertyName[]): { live: LiveProperty[]; dead: PropertyName[] } {
  const live: LiveProperty[] = []
  const dead: PropertyName[] = []
  for (const name of names) {
    const property = liveProperty(name.namespace, name.name)
    if (property) live.push(property)
    else dead.push(name)
  }
  return { live, dead }
}

interface Wanted {
  live: readonly LiveProperty[]
  dead: readonly PropertyName[]
}

/** `isAll`: every dead property, besides those that are asked for by name. */
function planValues({ live, dead }: Wanted, isAll: boolean): PropertyPlan {
  const parts = live.map(({ element, value }) => ({
    value,
    element,
    start: `<${element}>`,
    end: `</${element}>`,
    empty: `<${element}/>`,
  }))
  const needsDead = isAll || dead.length > 0

  function render(href: string, entry: Entry, extras: Extras, rows: readonly PropertyRow[]): string {
    let found = ''
    let absent = ''
    for (const part of parts) {
      const value = extras.own?.[part.element] ?? part.value(entry, extras)
      if (value === undefined) absent += part.empty
      else if (value === '') found += part.empty
      else found += part.start + value + part.end
    }
    if (needsDead) {
      found += (isAll ? rows : rows.filter(row => isAmong(row, dead))).map(row => row.value).join('')
      absent += dead
        .filter(name => !rows.some(row => isSame(row, name)))
        .map(emptyElement)
        .join('')
    }
    return responseText(href, isAll ? '' : absent, found)
  }
  return {
    needsLocks: live.some(one => one.needs === 'locks'),
    needsQuota: live.some(one => one.needs === 'quota'),
    needsChecksums: live.some(one => one.needs === 'checksums'),
    needsDead,
    isAscii: !needsDead && !live.some(one => one.isText),
    render,
  }
}

/** The 200 block first, at most one of 404: clients look no further. */
function responseText(href: string, absent: string, found: string): string {
  if (absent === '') return `<d:response><d:href>${href}${okStart}${found}${okEnd}</d:response>`
  const missing = missingStart + absent + missingEnd
  if (found === '') return `<d:response><d:href>${href}</d:href>${missing}</d:response>`
  return `<d:response><d:href>${href}${okStart}${found}${okEnd}${missing}</d:response>`
}

function planNames(): PropertyPlan {
  const live = [...liveProperties.values()].flatMap(table => [...table.values()])
  return {
    needsLocks: true,
    needsQuota: true,
    needsChecksums: true,
    needsDead: true,
    isAscii: false,
    render(href, entry, extras, rows) {
      const there = live.filter(one => one.value(entry, extras) !== undefined).map(one => `<${one.element}/>`)
      return responseText(href, '', there.join('') + rows.map(emptyElement).join(''))
    },
  }
}

export function emptyElement({ namespace, name }: PropertyName): string {
  const live = liveProperty(namespace, name)
  return live ? `<${live.element}/>` : `<${name} xmlns="${escapeText(namespace)}"/>`
}

function isSame(a: PropertyName, b: PropertyName): boolean {
  return a.name === b.name && a.namespace === b.namespace
}

function isAmong(row: PropertyName, names: readonly PropertyName[]): boolean {
  return names.some(name => isSame(row, name))
}

/** Something that could not be looked at stays in the answer, with why. */
export function statusResponse(href: string, status: string): string {
  return `<d:response><d:href>${href}</d:href><d:status>HTTP/1.1 ${status}</d:status></d:response>`
}
