import type { Place } from '../../appliance/tuning/plan/places.ts'

/** Files and mounts that behave as the kernel's: of two ways to set a limit, the one written last counts. */
export class FakeKernel {
  readonly files: Map<string, string>

  constructor(files: Readonly<Record<string, string>> = {}) {
    this.files = new Map(Object.entries(files))
  }

  set(place: Place, value: string) {
    if (place.swapAfter) return this.swap(place, value)
    for (const [path, text] of place.write(value)) {
      if (place.isMount) this.remount(path, text)
      else this.write(path, text)
    }
  }

  get(place: Place): string | null {
    return place.read(path => this.files.get(path) ?? '0')
  }

  private write(path: string, text: string) {
    this.files.set(path, path.endsWith('/scheduler') ? chosenIn(this.files.get(path), text) : text)
    const other = path.endsWith('_bytes')
      ? path.replace('_bytes', '_ratio')
      : path.replace('_ratio', '_bytes')
    if (other !== path) this.files.set(other, '0')
  }

  private swap(place: Place, value: string) {
    const swap = place.swapAfter?.(value, path => this.files.get(path) ?? '0')
    if (!swap) throw new Error(`${place.name} has no device`)
    const { name, sizeBytes, algorithm } = swap
    const methods = `/sys/block/${name}/comp_algorithm`
    this.files.set(`/sys/block/${name}/disksize`, String(sizeBytes))
    this.files.set(methods, chosenIn(this.files.get(methods), algorithm))
    const [head, ...others] = (this.files.get('/proc/swaps') ?? 'Filename').trimEnd().split('\n')
    const lines = [head, ...others.filter(line => !line.startsWith(`/dev/${name}\t`))]
    // proc(5): in KiB, and the first page is the header of the swap itself.
    if (sizeBytes > 0) lines.push(`/dev/${name}\tpartition\t${sizeBytes / 1024 - 4}\t0\t100`)
    this.files.set('/proc/swaps', `${lines.join('\n')}\n`)
  }

  /** As Linux does it: an option takes the place of those of its kind, and what is off is not shown. */
  private remount(path: string, option: string) {
    const mounts = (this.files.get(mountinfo) ?? '').split('\n').filter(Boolean)
    const isThis = (line: string) => line.split(' ')[4] === path
    const mount = mounts.find(isThis) ?? `61 29 0:45 / ${path} rw,noatime - btrfs /dev/sda rw,subvol=/`
    const [, before = '', options = ''] = /^(.* )(\S+)$/.exec(mount) ?? []
    const kind = /^(no)?(compress|discard|ssd)/.exec(option)?.[2] ?? option
    const kept = options.split(',').filter(old => !old.includes(kind))
    if (option !== 'compress=none' && option !== 'nodiscard')
      kept.push(option === 'discard=sync' ? 'discard' : option)
    this.files.set(mountinfo, [...mounts.filter(line => !isThis(line)), before + kept, ''].join('\n'))
  }
}

const mountinfo = '/proc/self/mountinfo'

/** `[none] mq-deadline`: the one in use stands in brackets. */
function chosenIn(said = 'other', value: string): string {
  const all = said.trim().replace(/[[\]]/g, '').split(/\s+/)
  return [...new Set([...all, value])].map(word => (word === value ? `[${word}]` : word)).join(' ')
}
