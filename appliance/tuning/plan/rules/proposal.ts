import type { Choices, Facts, Measurements, SettingGroup } from '../../schema/index.ts'

/** What a rule sees. */
export interface World {
  facts: Facts
  measured: Measurements | null
  /** What somebody chose counts for what follows from it. */
  choices: Choices
}

/** What a rule would set. A rule that no fact and no figure supports proposes nothing. */
export interface Proposal {
  name: string
  group: SettingGroup
  title: string
  to: string
  reason: string
  evidence: string
  effect: string
  memoryBytes?: number
  /** For what nothing takes up yet: how it is now, and who would have to. */
  advice?: { from: string | null; consumer: string }
}

export type Rule = (world: World) => Proposal[]

export const mebibyte = 1024 ** 2
export const gibibyte = 1024 ** 3

export function within(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most)
}

/** `7.6 GB`, `512 MB`: as people call it, in powers of two. */
export function sizeInWords(bytes: number): string {
  if (bytes < gibibyte) return `${Math.round(bytes / mebibyte)} MB`
  return `${Math.round((bytes / gibibyte) * 10) / 10} GB`
}

export function rateInWords(mbPerSecond: number): string {
  return `${mbPerSecond < 10 ? Math.round(mbPerSecond * 10) / 10 : Math.round(mbPerSecond)} MB/s`
}

export function counted(count: number, one: string, more = `${one}s`): string {
  return `${count} ${count === 1 ? one : more}`
}
