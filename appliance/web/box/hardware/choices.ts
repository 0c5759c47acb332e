import type { Facts } from '../../api/tuning.ts'

const settled: [names: RegExp, values: string[]][] = [
  [/^samba\.(multichannel|async)$/, ['yes', 'no']],
  [/^pool\..+\.layout$/, ['ssd', 'nossd']],
  [/^pool\..+\.discard$/, ['none', 'async', 'sync']],
  [/^pool\..+\.compression$/, ['none', ...Array.from({ length: 15 }, (_, index) => `zstd:${index + 1}`)]],
  [/^thumbnails\.size$/, ['128', '256', '512', '1024', '2048']],
  [/^system\.logs$/, ['memory', 'disk']],
  [/^system\.index$/, ['pool']],
]

/** What there is to choose from, where that is a list; undefined: a value that is written freely. */
export function choicesOf(name: string, { cpu, disks }: Facts): string[] | undefined {
  if (name === 'cpu.governor') return cpu.scaling?.governors
  if (name === 'cpu.energy-preference') return cpu.scaling?.preferences
  const disk = disks.find(({ key }) => name === `disk.${key}.scheduler`)
  return disk?.schedulers ?? settled.find(([names]) => names.test(name))?.[1]
}
