import { Failure } from '../../lib/failure.ts'
import { invalidInput } from '../../lib/operation.ts'
import { mayLead } from '../plan/addresses.ts'
import { type Release, release } from '../schema.ts'

/** The description of a release at this address; throws, naming the field, where it is none or none for this box. */
export function parseRelease(text: string, address: string, compatible: string): Release {
  const parsed = release.safeParse(asJson(text))
  if (!parsed.success) throw notUnderstood(invalidInput(parsed.error).message)
  const { target, bundle } = parsed.data
  if (`cairn-${target}` !== compatible)
    throw new Failure(
      'invalid',
      'updates/other-machine',
      `target: what is described is for ${target}; this box needs ${compatible.replace(/^cairn-/, '')}.`,
    )
  if (!URL.canParse(bundle.url, address) || !mayLead(new URL(address), new URL(bundle.url, address)))
    throw notUnderstood('bundle.url: not an address from which this box takes updates')
  return parsed.data
}

/** Where its bundle lies. */
export function bundleAt({ bundle }: Release, address: string): string {
  return new URL(bundle.url, address).href
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw notUnderstood('it is no JSON')
  }
}

function notUnderstood(why: string): Failure {
  return new Failure(
    'invalid',
    'updates/not-understood',
    `What is there is no description of a release of Cairn: ${why.replace(/\.$/, '')}.`,
  )
}
