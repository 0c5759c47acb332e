import { Failure } from '../lib/failure.ts'
import type { ResetPlan, ResetRequest } from './schema.ts'

/** Throws unless the box, and each pool that is to be erased, was named by what was typed. */
export function requireTyped(
  { confirm, erase }: Pick<ResetRequest, 'confirm' | 'erase'>,
  { name, pools }: ResetPlan,
): void {
  const wrong: Record<string, string> = {}
  if (!isTyped(confirm, name)) wrong.confirm = `Type ${name} to confirm.`
  for (const [pool, typed] of Object.entries(erase)) {
    if (pools.every(other => other.name !== pool)) wrong[`erase.${pool}`] = `There is no pool ${pool}.`
    else if (!isTyped(typed, pool)) wrong[`erase.${pool}`] = `Type ${pool} to confirm.`
  }
  const messages = Object.values(wrong)
  if (messages.length === 0) return
  throw new Failure('invalid', 'reset/not-confirmed', messages.join(' '), { details: { fields: wrong } })
}

function isTyped(typed: string, name: string): boolean {
  return typed.trim() === name
}
