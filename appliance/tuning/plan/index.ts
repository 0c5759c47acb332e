import type { Choices, Facts, Measurements, Plan, PlannedSetting, SettingGroup } from '../schema/index.ts'
import { adviceChoices } from './advice.ts'
import { placesOf } from './places.ts'
import { schedulers } from './rules/disks.ts'
import { smbAsync, smbEncryption, smbSigning, tlsCiphers } from './rules/faces.ts'
import { pageCluster, swappiness, writeback, zramAlgorithm, zramSize } from './rules/memory.ts'
import { buffers, multichannel } from './rules/network.ts'
import { nfsThreads } from './rules/nfs.ts'
import { compression, mountOptions } from './rules/pools.ts'
import { indexCache, placement, servers } from './rules/processes.ts'
import { energyPreference, governor } from './rules/processor.ts'
import type { Proposal, Rule } from './rules/proposal.ts'
import { seenOn } from './seen.ts'
import { type TakenPlace, takenPlaces } from './taken-places.ts'

const rules: Rule[] = [
  governor,
  energyPreference,
  zramSize,
  zramAlgorithm,
  swappiness,
  pageCluster,
  writeback,
  schedulers,
  buffers,
  compression,
  mountOptions,
  multichannel,
  smbSigning,
  smbEncryption,
  smbAsync,
  nfsThreads,
  tlsCiphers,
  servers,
  indexCache,
  placement,
]

/** What to set on this machine, and why. What somebody chose goes before what a rule says. */
export function planOf(facts: Facts, measured: Measurements | null, choices: Choices): Plan {
  const proposals = rules.flatMap(rule => rule({ facts, measured, choices }))
  const chosen = Object.keys(choices)
    .filter(name => !proposals.some(proposal => proposal.name === name))
    .flatMap(name => ownIdea(facts, name))
  const settings = [...proposals, ...chosen].map(proposal =>
    settingOf(facts, proposal, choices[proposal.name]),
  )
  return { settings, seen: seenOn(facts) }
}

/** Whether somebody may choose this value for it, on this machine. */
export function mayBeChosen(
  facts: Facts,
  settings: readonly PlannedSetting[],
  name: string,
  value: string,
): boolean {
  const place = placeNamed(facts, name)
  if (place) return place.accepts(value) && (offeredFor(facts, name)?.includes(value) ?? true)
  return settings.some(setting => setting.name === name) && (adviceChoices(name)?.includes(value) ?? false)
}

/** What there is to choose from, where that is a list. */
function choicesOf(facts: Facts, name: string): readonly string[] | undefined {
  return offeredFor(facts, name) ?? placeNamed(facts, name)?.choices ?? adviceChoices(name)
}

/** What can be set under this name; undefined: nothing takes it up. */
export function placeNamed(facts: Facts, name: string): TakenPlace | undefined {
  return [...placesOf(aroundOf(facts)), ...takenPlaces].find(place => place.name === name)
}

/** What the kernel offers to choose from, where it says so. */
function offeredFor({ cpu, memory, disks }: Facts, name: string): string[] | undefined {
  if (name === 'zram.algorithm') return memory.zram.devices[0]?.algorithms
  if (name === 'cpu.governor') return cpu.scaling?.governors
  if (name === 'cpu.energy-preference') return cpu.scaling?.preferences
  return disks.find(disk => name === `disk.${disk.key}.scheduler`)?.schedulers
}

/** The groups of a plan that can be set, in order: those before are the ground for those after. */
export const appliedGroups = [
  'processor',
  'memory',
  'disks',
  'network',
  'pools',
  'faces',
  'servers',
] as const satisfies SettingGroup[]

/** Of the files that there are several of, one stands for all. */
export function aroundOf({ disks, cpu, memory, pools }: Facts) {
  const policy = '/sys/devices/system/cpu/cpufreq/policy0'
  const files = ['scaling_governor', 'energy_performance_preference'].map(file => `${policy}/${file}`)
  return {
    paths: [
      ...(cpu.scaling ? files.slice(0, cpu.scaling.preferences.length > 0 ? 2 : 1) : []),
      ...memory.zram.devices.map(({ name }) => `/sys/block/${name}/disksize`),
    ],
    disks,
    pools,
  }
}

function settingOf(facts: Facts, proposal: Proposal, choice: string | undefined): PlannedSetting {
  const { advice, memoryBytes = 0, ...rest } = proposal
  const here = facts.settable[proposal.name]
  const from = advice ? advice.from : (here?.value ?? null)
  const to = choice ?? proposal.to
  const isThere = from === to
  return {
    ...rest,
    ...(choice === undefined ? {} : chosenWords(proposal)),
    from,
    to,
    revert: revertOf(from, advice !== undefined),
    ...standing({ isThere, isKnown: from !== null, consumer: advice?.consumer, problem: here?.problem }),
    isChoice: choice !== undefined,
    choices: [...(choicesOf(facts, proposal.name) ?? [])],
    memoryBytes,
  }
}

function standing(here: {
  isThere: boolean
  isKnown: boolean
  consumer: string | undefined
  problem: string | null | undefined
}): Pick<PlannedSetting, 'state' | 'problem'> {
  if (here.isThere) return { state: 'as-is', problem: null }
  if (here.consumer !== undefined) return { state: 'advice', problem: here.consumer }
  if (here.problem) return { state: 'unavailable', problem: here.problem }
  // What is not known now could not be put back.
  return here.isKnown ? { state: 'planned', problem: null } : { state: 'unavailable', problem: notThere }
}

const notThere = 'This machine does not have it now.'

function chosenWords({ to }: Proposal): Pick<PlannedSetting, 'reason' | 'evidence'> {
  const advised = to === '' ? '' : ` Cairn would take ${to}.`
  return { reason: 'You chose this value.', evidence: `Your choice.${advised}` }
}

function revertOf(from: string | null, isAdvice: boolean): string {
  if (isAdvice) return 'Nothing was changed.'
  return from === null ? 'There is nothing to put back.' : `It is set back to ${from}.`
}

/** A setting that no rule speaks of, but that somebody set. */
function ownIdea(facts: Facts, name: string): Proposal[] {
  const place = placeNamed(facts, name)
  if (facts.settable[name] === undefined || !place) return []
  const title = place.what.charAt(0).toUpperCase() + place.what.slice(1)
  return [
    { name, group: place.group, title, to: '', reason: '', evidence: '', effect: 'What you expect of it.' },
  ]
}
