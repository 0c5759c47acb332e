import { SaxesParser } from 'saxes'
import { badRequest } from '../errors.ts'

export interface XmlElement {
  namespace: string
  name: string
  attributes: { namespace: string; name: string; value: string }[]
  children: (XmlElement | string)[]
}

const maxDepth = 64
const maxElements = 20_000

/**
 * A request's body as a tree. Without document types, so without entities beyond XML's own five: nothing to expand,
 * nothing to fetch.
 */
export function parseXml(text: string): XmlElement {
  const parser = new SaxesParser({ xmlns: true, position: false })
  const stack: XmlElement[] = []
  let root: XmlElement | undefined
  let count = 0
  parser.on('doctype', () => {
    throw badRequest('A document type is not accepted.')
  })
  parser.on('error', error => {
    throw badRequest(`The body is not well-formed XML: ${error.message}`)
  })
  parser.on('opentag', tag => {
    count += 1
    if (stack.length >= maxDepth || count > maxElements)
      throw badRequest('The XML is nested too deeply or too long.')
    const attributes = Object.values(tag.attributes)
      .filter(one => one.prefix !== 'xmlns' && one.name !== 'xmlns')
      .map(one => ({ namespace: one.uri, name: one.local, value: one.value }))
    const element: XmlElement = { namespace: tag.uri, name: tag.local, attributes, children: [] }
    refuseEmptyPrefix(tag.ns)
    stack.at(-1)?.children.push(element)
    root ??= element
    stack.push(element)
  })
  parser.on('closetag', () => void stack.pop())
  parser.on('text', value => void stack.at(-1)?.children.push(value))
  parser.on('cdata', value => void stack.at(-1)?.children.push(value))
  parser.write(text).close()
  if (!root) throw badRequest('The body has no XML element.')
  return root
}

/** `xmlns:x=""` is not allowed in XML namespaces 1.0, section 6.1. */
function refuseEmptyPrefix(namespaces: Record<string, string>) {
  for (const [prefix, uri] of Object.entries(namespaces)) {
    if (prefix !== '' && uri === '') throw badRequest('A namespace prefix cannot be bound to nothing.')
  }
}

export const dav = 'DAV:'

export function elementsOf(element: XmlElement): XmlElement[] {
  return element.children.filter(child => typeof child !== 'string')
}

export function child(element: XmlElement, name: string, namespace: string = dav): XmlElement | undefined {
  return elementsOf(element).find(one => one.name === name && one.namespace === namespace)
}

export function textOf(element: XmlElement): string {
  return element.children.map(one => (typeof one === 'string' ? one : textOf(one))).join('')
}

export function isDav(element: XmlElement, name: string): boolean {
  return element.namespace === dav && element.name === name
}
