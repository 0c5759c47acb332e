export interface Credentials {
  name: string
  password: string
}

const base64 = /^[A-Za-z0-9+/]+={0,2}$/
const longestBytes = 2048

/** The value of an `Authorization` header (RFC 7617, charset UTF-8); undefined for anything else or malformed. */
export function parseBasic(authorization: string): Credentials | undefined {
  const [, encoded] = /^Basic +(\S+) *$/i.exec(authorization) ?? []
  if (encoded === undefined || encoded.length > longestBytes || !base64.test(encoded)) return undefined
  const text = utf8Of(encoded)
  const colon = text?.indexOf(':') ?? -1
  if (text === undefined || colon < 1 || text.includes('\0')) return undefined
  return { name: text.slice(0, colon).toLowerCase(), password: text.slice(colon + 1) }
}

function utf8Of(encoded: string): string | undefined {
  const bytes = Uint8Array.from(atob(padded(encoded)), character => character.charCodeAt(0))
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (error) {
    // The one thing a fatal decoder throws: not UTF-8.
    if (error instanceof TypeError) return undefined
    throw error
  }
}

/** `atob` insists on a length that base64 can have; one that it cannot have decodes to nothing. */
function padded(encoded: string): string {
  const bare = encoded.replace(/=+$/, '')
  return bare.length % 4 === 1 ? '' : bare
}
