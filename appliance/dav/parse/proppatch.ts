import { badRequest } from '../errors.ts'
import { child, elementsOf, isDav, textOf, type XmlElement } from './xml.ts'

export interface PropertyEdit {
  kind: 'set' | 'remove'
  namespace: string
  name: string
  element: XmlElement
  text: string
}

/** The edits of a PROPPATCH in document order (RFC 4918, 9.2). */
export function parseProppatch(root: XmlElement | undefined): PropertyEdit[] {
  if (!root || !isDav(root, 'propertyupdate')) {
    throw badRequest('The body of a PROPPATCH is a DAV: propertyupdate element.')
  }
  const edits = elementsOf(root).flatMap(one => {
    const kind = isDav(one, 'set') ? 'set' : isDav(one, 'remove') ? 'remove' : undefined
    const prop = child(one, 'prop')
    return kind && prop ? elementsOf(prop).map(element => editOf(kind, element)) : []
  })
  if (edits.length === 0) throw badRequest('A propertyupdate element sets or removes something.')
  return edits
}

function editOf(kind: PropertyEdit['kind'], element: XmlElement): PropertyEdit {
  const { namespace, name } = element
  return { kind, namespace, name, element, text: textOf(element).trim() }
}
