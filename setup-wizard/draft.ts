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
  const { hostName, name, displayName, pool, isWithoutPool, share, everyone } = draft
  return {
    ...(hostName === '' ? {} : { hostName }),
    admin: { name, password, ...(displayName.trim() === '' ? {} : { displayName: displayName.trim() }) },
    pool: isWithoutPool ? null : { name: pool.name, profile: pool.profile, disks: pool.disks },
    erase: isWithoutPool ? [] : erase,
    shares: isWithoutPool || share.trim() === '' ? [] : [{ name: share.trim(), everyone }],
  }
}

export function isHostName(name: string): boolean {
  return /^[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?$/.test(name)
}
