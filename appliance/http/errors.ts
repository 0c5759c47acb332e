import type { NextFunction, Request, Response } from 'express'
import { asFailure, Failure, type FailureKind } from '../lib/failure.ts'
import type { Log } from '../lib/log.ts'

export const statusOf: Record<FailureKind, number> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  missing: 404,
  conflict: 409,
  precondition: 412,
  'too-large': 413,
  locked: 423,
  throttled: 429,
  cancelled: 499,
  internal: 500,
  unsupported: 501,
  unavailable: 503,
  full: 507,
}

/** The last middleware: a Failure as JSON, anything else as a logged 500 without stack or path. */
export function createErrorReply(log: Log) {
  return (error: unknown, request: Request, response: Response, next: NextFunction): void => {
    const failure = failureOf(error)
    if (!failure) log.error('request failed', { method: request.method, path: request.path, error })
    else if (failure.kind === 'internal') log.error(failure.message, { code: failure.code, error: failure })
    if (response.headersSent) next(error)
    else replyWithFailure(request, response, failure ?? unexpected())
  }
}

export function replyWithFailure(request: Request, response: Response, failure: Failure): void {
  const { code, message, details } = failure
  if (failure.kind === 'unauthenticated') response.setHeader('WWW-Authenticate', challengeFor(request))
  if (typeof details.retryAfterSeconds === 'number')
    response.setHeader('Retry-After', details.retryAfterSeconds)
  const isInternal = failure.kind === 'internal'
  response.status(statusOf[failure.kind]).json({
    error: isInternal
      ? { code, message: 'Something unexpected went wrong. It has been logged.', details: {} }
      : { code, message, details },
  })
}

/** Browsers must not open their own password window over our page. */
export function challengeFor(request: { headers: Request['headers'] }): string {
  const isPage =
    request.headers['x-requested-with'] === 'XMLHttpRequest' || request.headers['sec-fetch-mode'] === 'cors'
  return `${isPage ? 'DummyBasic' : 'Basic'} realm="Cairn", charset="UTF-8"`
}

function unexpected(): Failure {
  return new Failure('internal', 'internal', '')
}

/** Errors of Express and its parsers carry a `status`: those are the caller's. */
function failureOf(thrown: unknown): Failure | undefined {
  const error = asFailure(thrown)
  if (error instanceof Failure) return error
  if (!(error instanceof Error) || !('status' in error)) return undefined
  if (error.status === 413) return new Failure('too-large', 'input/too-large', 'The request is too large.')
  if (error instanceof SyntaxError)
    return new Failure('invalid', 'input/not-json', `The body is not valid JSON: ${error.message}`)
  if (typeof error.status === 'number' && error.status >= 400 && error.status < 500) {
    return new Failure(
      'invalid',
      'input/invalid',
      error instanceof URIError ? 'The address is not valid.' : error.message,
    )
  }
  return undefined
}
