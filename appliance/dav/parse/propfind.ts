import { badRequest } from '../errors.ts'
import { child, elementsOf, isDav, type XmlElement } from './xml.ts'

export interface PropertyName {
  namespace: string
  name: string
}

/** What a PROPFIND asks for (RFC 4918, 14.20). */
export type PropertyRequest =
  | { kind: 'prop'; names: PropertyName[] }
  | { kind: 'allprop'; include: PropertyName[] }
  | { kind: 'propname' }

export function parsePropfind(root: XmlElement | undefined): PropertyRequest {
  if (!root) return { kind: 'allprop', include: [] }
  if (!isDav(root, 'propfind')) throw badRequest('The body of a PROPFIND is a DAV: propfind element.')
  const prop = child(root, 'prop')
  const [all, names] = [child(root, 'allprop'), child(root, 'propname')]
  if ([prop, all, names].filter(Boolean).length !== 1) {
    throw badRequest('A propfind element holds one of prop, allprop and propname.')
  }
  if (prop) return { kind: 'prop', names: namesIn(prop) }
  if (names) return { kind: 'propname' }
  const include = child(root, 'include')
  return { kind: 'allprop', include: include ? namesIn(include) : [] }
}

function namesIn(element: XmlElement): PropertyName[] {
  const seen = new Map<string, PropertyName>()
  for (const { namespace, name } of elementsOf(element)) seen.set(`${namespace} ${name}`, { namespace, name })
  return [...seen.values()]
}
