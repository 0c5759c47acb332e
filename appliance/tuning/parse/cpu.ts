import type { CpuFeature, Facts, RawFacts } from '../schema/index.ts'
import { bytesOf, countOf, fieldsOf, lineOf, namesAt, wordsOf } from './kernel-text.ts'

const folder = '/sys/devices/system/cpu'

export function parseCpu(raw: RawFacts): Facts['cpu'] {
  const blocks = (raw.files['/proc/cpuinfo'] ?? '').split(/\n\s*\n/).map(fieldsOf)
  const processors = blocks.filter(block => block.has('processor'))
  const first = processors[0] ?? new Map<string, string>()
  const threads = Math.max(1, processors.length)
  return {
    model: first.get('model name') ?? armModel(first),
    cores: Math.min(threads, coresOf(raw) ?? coresAsSaid(processors) ?? threads),
    threads,
    maxMhz: maxMhz(raw),
    caches: namesAt(raw, `${folder}/cpu0/cache/index`, '/size').map(index => cacheOf(raw, index)),
    features: featuresOf(first.get('flags') ?? first.get('Features') ?? ''),
    scaling: scalingOf(raw),
  }
}

/** Arm, Main ID Register: 0x41 is Arm itself. */
const armParts: Record<string, string> = {
  '0xd03': 'Cortex-A53',
  '0xd04': 'Cortex-A35',
  '0xd05': 'Cortex-A55',
  '0xd07': 'Cortex-A57',
  '0xd08': 'Cortex-A72',
  '0xd09': 'Cortex-A73',
  '0xd0a': 'Cortex-A75',
  '0xd0b': 'Cortex-A76',
  '0xd0c': 'Neoverse N1',
  '0xd40': 'Neoverse V1',
  '0xd49': 'Neoverse N2',
}

function armModel(block: Map<string, string>): string | null {
  const part = block.get('CPU part')
  if (part === undefined) return null
  return (block.get('CPU implementer') === '0x41' ? armParts[part] : undefined) ?? `Arm ${part}`
}

/** Pairs of package and core, each once. */
function coresOf(raw: RawFacts): number | null {
  const cores = namesAt(raw, `${folder}/cpu`, '/topology/core_id').map(
    cpu =>
      `${lineOf(raw, `${folder}/cpu${cpu}/topology/physical_package_id`)}:${lineOf(raw, `${folder}/cpu${cpu}/topology/core_id`)}`,
  )
  return cores.length === 0 ? null : new Set(cores).size
}

function coresAsSaid(processors: Map<string, string>[]): number | null {
  const cores = processors.map(block => `${block.get('physical id')}:${block.get('core id')}`)
  return processors.every(block => block.has('core id')) && cores.length > 0 ? new Set(cores).size : null
}

function maxMhz(raw: RawFacts): number | null {
  const kilohertz = namesAt(raw, `${folder}/cpufreq/`, '/cpuinfo_max_freq').map(
    policy => countOf(raw, `${folder}/cpufreq/${policy}/cpuinfo_max_freq`) ?? 0,
  )
  return kilohertz.length === 0 ? null : Math.round(Math.max(...kilohertz) / 1000)
}

function cacheOf(raw: RawFacts, index: string): Facts['cpu']['caches'][number] {
  const at = `${folder}/cpu0/cache/index${index}`
  const kind = lineOf(raw, `${at}/type`)?.toLowerCase()
  return {
    level: countOf(raw, `${at}/level`) ?? 0,
    kind: kind === 'data' || kind === 'instruction' ? kind : 'unified',
    sizeBytes: bytesOf(lineOf(raw, `${at}/size`)),
    sharedBy: countInList(lineOf(raw, `${at}/shared_cpu_list`)),
  }
}

/** `0-3,8`. */
function countInList(list: string | null): number {
  const ranges = [...(list ?? '').matchAll(/(\d{1,6})(?:-(\d{1,6}))?/g)]
  const count = ranges.reduce((sum, [, from, to = from]) => sum + Number(to) - Number(from) + 1, 0)
  return Math.max(1, count)
}

/** x86 says `flags`, 64-bit Arm `asimd` for what 32-bit Arm calls `neon`. */
const featureWords: Record<CpuFeature, string[]> = {
  aes: ['aes'],
  vaes: ['vaes'],
  pclmul: ['pclmulqdq', 'pmull'],
  sha1: ['sha_ni', 'sha1'],
  sha2: ['sha_ni', 'sha2'],
  sha512: ['sha512'],
  // On x86 it came with SSE 4.2.
  crc32: ['sse4_2', 'crc32'],
  avx2: ['avx2'],
  avx512: ['avx512f'],
  neon: ['neon', 'asimd'],
  sve: ['sve'],
}

function featuresOf(said: string): CpuFeature[] {
  const words = new Set(said.split(/\s+/))
  const names = Object.keys(featureWords) as CpuFeature[]
  return names.filter(name => featureWords[name].some(word => words.has(word)))
}

function scalingOf(raw: RawFacts): Facts['cpu']['scaling'] {
  const [policy] = namesAt(raw, `${folder}/cpufreq/`, '/scaling_governor')
  if (policy === undefined) return null
  const at = `${folder}/cpufreq/${policy}`
  return {
    driver: lineOf(raw, `${at}/scaling_driver`),
    governors: wordsOf(raw, `${at}/scaling_available_governors`),
    preferences: wordsOf(raw, `${at}/energy_performance_available_preferences`),
  }
}
