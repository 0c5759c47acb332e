import type { z } from 'zod'
import { Failure } from './failure.ts'

/** What an operation gets besides its input. */
export interface OperationContext {
  /** Ends when the caller went away or cancelled. */
  signal: AbortSignal
  /** Progress of long work: `fraction` 0 to 1 (null: unknown) and one sentence for people. */
  report(progress: Progress): void
  /** News while it runs. Nothing slows the sender down: an operation that sends much has to be told to go on. */
  send(message: unknown): void
}

export interface Progress {
  fraction: number | null
  message: string
}

/** One thing that root may do. Input and output are checked on both sides of the socket. */
export interface Operation<I extends z.ZodType = z.ZodType, O extends z.ZodType = z.ZodType> {
  input: I
  output: O
  /** Names of input fields that never reach the audit line. */
  secret?: readonly string[]
  /** Reads only: not audited. */
  isRead?: boolean
  run(input: z.output<I>, context: OperationContext): Promise<z.output<O>>
}

export type Operations = Record<string, Operation>

/** Keeps the types of `input` and `output` for the client. */
export function operation<I extends z.ZodType, O extends z.ZodType>(spec: Operation<I, O>): Operation<I, O> {
  return spec
}

export interface CallOptions {
  onProgress?: (progress: Progress) => void
  /** Gets what the operation sends before its answer. */
  onMessage?: (message: unknown) => void
  signal?: AbortSignal
  timeoutMs?: number
}

/** Calls named operations: over the socket, or directly in tests and without root. */
export interface Caller<Ops extends { [K in keyof Ops]: Operation }> {
  call<K extends keyof Ops & string>(
    name: K,
    input: z.input<Ops[K]['input']>,
    options?: CallOptions,
  ): Promise<z.output<Ops[K]['output']>>
}

export function checkInput<S extends z.ZodType>(schema: S, input: unknown, code: string): z.output<S> {
  const parsed = schema.safeParse(input)
  if (parsed.success) return parsed.data
  throw invalidInput(parsed.error, code)
}

/** An `invalid` failure that names each field: `details.fields` maps a dotted path to what is wrong with it. */
export function invalidInput(error: z.ZodError, code = 'input/invalid'): Failure {
  const fields: Record<string, string> = {}
  for (const issue of error.issues) {
    const path = issue.path.map(String).join('.') || 'body'
    fields[path] ??= issue.message
  }
  const message = Object.entries(fields)
    .map(([path, problem]) => `${path}: ${problem}`)
    .join('; ')
  return new Failure('invalid', code, message, { details: { fields } })
}
