import type { CreatableProfile } from '../schema.ts'

export interface ProfileRules {
  /** How often each byte is kept (mirrors), apart from parity. */
  copies: number
  parity: number
  /** `one` disk at a time, as many as there are `copies`, or `all` that have room. */
  spread: 'one' | 'copies' | 'all'
  /** How few disks we offer it for. Btrfs itself takes raid10 on two and raid5 on two, which is then a mirror. */
  minimumDisks: number
  /** How few the kernel's allocator goes on with, and the step in which it takes them (fs/btrfs/volumes.c). */
  allocatesFrom: number
  allocatesBy: number
  lossesSurvived: number
  isAdvanced: boolean
  metadata: 'raid1' | 'raid1c3' | 'raid1c4' | 'raid10'
  /** What it means, and what happens when a disk is lost. */
  explanation: string
}

export const profileRules: Record<CreatableProfile, ProfileRules> = {
  single: {
    copies: 1,
    parity: 0,
    spread: 'one',
    minimumDisks: 1,
    allocatesFrom: 1,
    allocatesBy: 1,
    lossesSurvived: 0,
    isAdvanced: false,
    metadata: 'raid1',
    explanation: 'Each file is kept once. If a disk is lost, the files on it are lost: keep a backup.',
  },
  raid1: {
    copies: 2,
    parity: 0,
    spread: 'copies',
    minimumDisks: 2,
    allocatesFrom: 2,
    allocatesBy: 2,
    lossesSurvived: 1,
    isAdvanced: false,
    metadata: 'raid1',
    explanation:
      'Each file is kept on two disks. If one is lost, everything goes on, and you replace it in your own time.',
  },
  raid1c3: {
    copies: 3,
    parity: 0,
    spread: 'copies',
    minimumDisks: 3,
    allocatesFrom: 3,
    allocatesBy: 3,
    lossesSurvived: 2,
    isAdvanced: false,
    metadata: 'raid1c3',
    explanation:
      'Each file is kept on three disks. Two may be lost, also while you are replacing the first one.',
  },
  raid1c4: {
    copies: 4,
    parity: 0,
    spread: 'copies',
    minimumDisks: 4,
    allocatesFrom: 4,
    allocatesBy: 4,
    lossesSurvived: 3,
    isAdvanced: false,
    metadata: 'raid1c4',
    explanation: 'Each file is kept on four disks. Three may be lost.',
  },
  raid10: {
    copies: 2,
    parity: 0,
    spread: 'all',
    minimumDisks: 4,
    allocatesFrom: 2,
    allocatesBy: 2,
    lossesSurvived: 1,
    isAdvanced: false,
    metadata: 'raid10',
    explanation:
      'Each file is kept twice and spread over all disks, which is faster for large files. One disk may be lost.',
  },
  raid5: {
    copies: 1,
    parity: 1,
    spread: 'all',
    minimumDisks: 3,
    allocatesFrom: 2,
    allocatesBy: 1,
    lossesSurvived: 1,
    isAdvanced: true,
    metadata: 'raid1',
    explanation:
      'Not safe: a power cut at the wrong moment can damage files when a disk is lost later. Keep a backup.',
  },
  raid6: {
    copies: 1,
    parity: 2,
    spread: 'all',
    minimumDisks: 4,
    allocatesFrom: 3,
    allocatesBy: 1,
    lossesSurvived: 2,
    isAdvanced: true,
    metadata: 'raid1c3',
    explanation:
      'Not safe: a power cut at the wrong moment can damage files when a disk is lost later. Keep a backup.',
  },
}

/** Metadata on a single disk is kept twice on that disk, which helps against bad sectors only. */
export function metadataProfile(profile: CreatableProfile, disks: number): ProfileRules['metadata'] | 'dup' {
  return disks === 1 ? 'dup' : profileRules[profile].metadata
}
