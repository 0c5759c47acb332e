interface FailureParts {
  /** HTTP status; 0 when nothing answered. */
  status: number
  code: string
  message: string
  details?: Record<string, unknown>
}

/** What the API refused, as the server words it. The page words known codes itself (`error-text.ts`). */
export class ApiFailure extends Error {
  override name = 'ApiFailure'
  readonly status: number
  readonly code: string
  readonly details: Record<string, unknown>

  constructor({ status, code, message, details = {} }: FailureParts) {
    super(message)
    this.status = status
    this.code = code
    this.details = details
  }

  /** Messages for single fields of a form, by name. */
  get fields(): Record<string, string> {
    const { fields } = this.details
    if (!isRecord(fields)) return {}
    return Object.fromEntries(Object.entries(fields).map(([name, text]) => [name, String(text)]))
  }
}

/** From the body `{error: {code, message, details}}`; anything else still becomes a failure. */
export function failureOf(status: number, body: unknown): ApiFailure {
  const error = isRecord(body) && isRecord(body.error) ? body.error : {}
  return new ApiFailure({
    status,
    code: typeof error.code === 'string' ? error.code : `http/${status}`,
    message: typeof error.message === 'string' ? error.message : '',
    details: isRecord(error.details) ? error.details : {},
  })
}

export function noAnswer(): ApiFailure {
  return new ApiFailure({ status: 0, code: 'web/no-answer', message: '' })
}

/** Any thrown thing as a failure that a panel can show. */
export function asFailure(error: unknown): ApiFailure {
  if (error instanceof ApiFailure) return error
  const message = error instanceof Error ? error.message : String(error)
  return new ApiFailure({ status: 0, code: 'web/unexpected', message })
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
