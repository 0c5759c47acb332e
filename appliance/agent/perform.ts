import { Failure, failureRecord } from '../lib/failure.ts'
import type { Log } from '../lib/log.ts'
import { checkInput, type Operation, type OperationContext, type Operations } from '../lib/operation.ts'

/** Checks the input, runs the operation, checks its output, and writes one audit line. */
export async function perform(
  operations: Operations,
  call: string,
  input: unknown,
  context: OperationContext,
  log: Log,
): Promise<unknown> {
  const operation = Object.hasOwn(operations, call) ? operations[call] : undefined
  if (!operation) throw new Failure('missing', 'agent/no-operation', `There is no operation ${call}.`)
  const startedAt = Date.now()
  try {
    const checked = checkInput(operation.input, input, 'agent/invalid-input')
    const result = operation.output.parse(await operation.run(checked, context))
    audit(log, operation, { call, input, outcome: 'done', tookMs: Date.now() - startedAt })
    return result
  } catch (error) {
    const { code, message, details } = failureRecord(error)
    audit(log, operation, {
      call,
      input,
      outcome: code,
      reason: message,
      details,
      tookMs: Date.now() - startedAt,
    })
    throw error
  }
}

function audit(
  log: Log,
  operation: Operation,
  entry: { call: string; input: unknown; outcome: string } & Record<string, unknown>,
) {
  if (operation.isRead && entry.outcome === 'done') return
  log.info('operation', { ...entry, input: withoutSecrets(entry.input, operation.secret ?? []) })
}

function withoutSecrets(input: unknown, secret: readonly string[]): unknown {
  if (secret.length === 0 || typeof input !== 'object' || input === null) return input
  return Object.fromEntries(
    Object.entries(input).map(([key, value]) => [key, secret.includes(key) ? '(secret)' : value]),
  )
}
