import type { XmlElement } from '../parse/xml.ts'
import { escapeText } from './escape.ts'

const xml = 'http://www.w3.org/XML/1998/namespace'

/** An element as text that stands alone: each namespace is declared where it is used first. */
export function renderElement(element: XmlElement, inherited = ''): string {
  const { namespace, name } = element
  const declared = namespace === inherited ? '' : ` xmlns="${escapeText(namespace)}"`
  const inner = element.children
    .map(child => (typeof child === 'string' ? escapeText(child) : renderElement(child, namespace)))
    .join('')
  const start = `<${name}${declared}${renderAttributes(element)}`
  return inner === '' ? `${start}/>` : `${start}>${inner}</${name}>`
}

function renderAttributes({ attributes }: XmlElement): string {
  return attributes
    .map(({ namespace, name, value }, index) => {
      const text = `"${escapeText(value).replace(/\n/g, '&#10;').replace(/\t/g, '&#9;')}"`
      if (namespace === '') return ` ${name}=${text}`
      if (namespace === xml) return ` xml:${name}=${text}`
      return ` xmlns:a${index}="${escapeText(namespace)}" a${index}:${name}=${text}`
    })
    .join('')
}
