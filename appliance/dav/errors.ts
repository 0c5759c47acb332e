import { statusOf } from '../http/errors.ts'
import { Failure } from '../lib/failure.ts'
import { escapeText } from './render/escape.ts'

/** Where WebDAV has a status of its own for something. */
const statusByCode: Record<string, number> = {
  'files/name-taken': 405, // MKCOL on what is there: RFC 4918, 9.3.1
  'dav/method-not-allowed': 405,
  'dav/wrong-type': 415,
  'dav/other-server': 502,
}

const exceptionByStatus: Record<number, string> = {
  400: 'Sabre\\DAV\\Exception\\BadRequest',
  401: 'Sabre\\DAV\\Exception\\NotAuthenticated',
  403: 'Sabre\\DAV\\Exception\\Forbidden',
  404: 'Sabre\\DAV\\Exception\\NotFound',
  405: 'Sabre\\DAV\\Exception\\MethodNotAllowed',
  409: 'Sabre\\DAV\\Exception\\Conflict',
  412: 'Sabre\\DAV\\Exception\\PreconditionFailed',
  415: 'Sabre\\DAV\\Exception\\UnsupportedMediaType',
  423: 'Sabre\\DAV\\Exception\\Locked',
  501: 'Sabre\\DAV\\Exception\\NotImplemented',
  503: 'Sabre\\DAV\\Exception\\ServiceUnavailable',
  507: 'Sabre\\DAV\\Exception\\InsufficientStorage',
}

/** The desktop client tells a bad name by this class. */
const invalidPath = 'OCA\\DAV\\Connector\\Sabre\\Exception\\InvalidPath'

export function davStatusOf(failure: Failure): number {
  return statusByCode[failure.code] ?? statusOf[failure.kind]
}

/**
 * `<d:error>` as clients of Nextcloud read it; `condition` is an element of RFC 4918, 16, for all others.
 */
export function errorBody(failure: Failure): string {
  const status = davStatusOf(failure)
  const isName = failure.code.startsWith('files/name-')
  const exception =
    isName && status === 400 ? invalidPath : (exceptionByStatus[status] ?? 'Sabre\\DAV\\Exception')
  const message = failure.kind === 'internal' ? 'Something unexpected went wrong.' : failure.message
  const condition = typeof failure.details.condition === 'string' ? failure.details.condition : ''
  return (
    '<?xml version="1.0" encoding="utf-8"?>\n' +
    `<d:error xmlns:d="DAV:" xmlns:s="http://sabredav.org/ns">${condition}` +
    `<s:exception>${exception}</s:exception><s:message>${escapeText(message)}</s:message></d:error>`
  )
}

export function methodNotAllowed(message = 'This cannot be done here.'): Failure {
  return new Failure('unsupported', 'dav/method-not-allowed', message)
}

export function badRequest(message: string): Failure {
  return new Failure('invalid', 'dav/bad-request', message)
}
