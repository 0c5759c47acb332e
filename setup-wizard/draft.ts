import type { PoolWish } from '../appliance/web/kit/pool/wish.ts'
import type { Right } from '../appliance/web/kit/right-choice.tsx'
import type { SetupDocument } from './api.ts'

export const steps = ['account', 'disks', 'share', 'review'] as const
export type StepName = (typeof steps)[number]

/** What was entered so far. The box keeps it, so that a reload goes on; the password it never sees until the end. */
export interface Draft {
  step: StepName
  hostName: string
  name: string
  displayName: string
  pool: PoolWish
  isWithoutPool: boolean
  /** Pools that are there already and are taken in: their uuids. */
  imports: string[]
  /** Whether somebody has seen which there are. */
  hasLooked: boolean
  share: string
  everyone: Right
}

export function freshDraft(hostName: string): Draft {
  return {
    step: 'account',
    hostName,
    name: '',
    displayName: '',
    pool: { name: 'pool', profile: '', disks: [] },
    isWithoutPool: false,
    imports: [],
    hasLooked: false,
    share: 'shared',
    everyone: 'write',
  }
}

/** A kept draft is taken part by part: what an older page left out is as if it had not been entered. */
export function draftFrom(kept: unknown, hostName: string): Draft {
  const fresh = freshDraft(hostName)
  if (typeof kept !== 'object' || kept === null) return fresh
  const given = kept as Record<string, unknown>
  const sound = Object.entries(fresh).map(([key, value]) => [
    key,
    typeof given[key] === typeof value ? given[key] : value,
  ])
  const draft = Object.fromEntries(sound) as Draft
  return {
    ...draft,
    step: steps.includes(draft.step) ? draft.step : 'account',
    pool: { ...fresh.pool, ...draft.pool },
  }
}

export function documentOf(draft: Draft, password: string, erase: string[]): SetupDocument {
  const { hostName, name, displayName, pool, imports, share, everyone } = draft
  const makesPool = makesPoolIn(draft)
  return {
    ...(hostName === '' ? {} : { hostName }),
    admin: { name, password, ...(displayName.trim() === '' ? {} : { displayName: displayName.trim() }) },
    pool: makesPool ? { name: pool.name, profile: pool.profile, disks: pool.disks } : null,
    erase: makesPool ? erase : [],
    import: imports.map(uuid => ({ uuid })),
    shares: !hasPoolIn(draft) || share.trim() === '' ? [] : [{ name: share.trim(), everyone }],
  }
}

export function makesPoolIn({ isWithoutPool, imports }: Draft): boolean {
  return !isWithoutPool && imports.length === 0
}

export function hasPoolIn({ isWithoutPool, imports }: Draft): boolean {
  return !isWithoutPool || imports.length > 0
}

export function isHostName(name: string): boolean {
  return /^[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?$/.test(name)
}
