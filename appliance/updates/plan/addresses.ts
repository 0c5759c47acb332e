import { isPrivateHost } from '../../lib/home-network.ts'

/** What is wrong with it as the place where updates come from; null: nothing. */
export function whyNotAddress(text: string): string | null {
  const url = parsed(text)
  if (!url || !['http:', 'https:'].includes(url.protocol)) return 'an address like https://example.org/cairn/'
  if (url.username !== '' || url.password !== '')
    return 'without a name and a password: what is published is for everybody, and this address is shown'
  if (url.search !== '' || url.hash !== '') return 'without ? and #'
  if (!isSafe(url)) return notSafe
  return null
}

/**
 * HTTPS, or HTTP inside the network at home. Over HTTP anybody on the way could say that there is nothing new, for good; at
 * home there is mostly nobody on the way, and no name there that a certificate could be had for.
 */
export function isSafe(url: URL): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && isPrivateHost(url.hostname))
}

export const notSafe =
  'http is for the network at home only, as in http://192.168.1.5/ or http://nas.local/: elsewhere anybody on the way could hide what is new. Give an address of https'

/** Whether what is at the one address may lead to the other: never from HTTPS to HTTP. */
export function mayLead(from: URL, to: URL): boolean {
  return isSafe(to) && (from.protocol === 'http:' || to.protocol === 'https:')
}

/** A folder holds a description for each target; `compatible` is `cairn-amd64`. */
export function descriptionAt(address: string, compatible: string): string {
  const url = new URL(address)
  if (url.pathname.endsWith('.json')) return url.href
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  return new URL(`${compatible}.json`, url).href
}

function parsed(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined
}
