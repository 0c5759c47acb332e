import type { BroughtResult, Facts, Measurements, TuningReport } from '../schema/index.ts'

/** A text for a bug report: the machine, its figures, its settings. No serials, no names, no addresses. */
export function renderReport(report: TuningReport, version: string): string {
  const { facts, measurements, isMeasuredHere, settings, automatic, brought, seen } = report
  return [
    `Cairn ${version}, kernel ${facts.machine.kernel ?? 'unknown'}`,
    '',
    ...machineLines(facts),
    '',
    ...facts.disks.map(diskLine),
    ...facts.network.map(cardLine),
    '',
    ...(measurements ? measuredLines(measurements, isMeasuredHere) : ['Nothing was measured.']),
    '',
    `By itself: ${automatic.isOn ? 'on' : 'off'}${automatic.isCancelled ? ', cancelled' : ''}`,
    ...settings.map(
      ({ state, name, from, to, problem, isChoice, isPutBack }) =>
        `${state.padEnd(11)} ${withDiskName(name, facts)}: ${from === to ? to : `${from ?? '?'} -> ${to}`}${isChoice ? ' (chosen)' : ''}${isPutBack ? ' (put back)' : ''}${state === 'unavailable' && problem ? ` (${problem})` : ''}`,
    ),
    ...(brought?.results ?? []).map(broughtLine),
    ...seen.map(thing => `seen        ${thing.seen}`),
    '',
  ]
    .join('\n')
    .replace(hardwareAddress, 'enx…')
}

/** systemd names a card on USB after its hardware address. */
const hardwareAddress = /\benx[\da-f]{12}\b/g

function machineLines({ machine, cpu, memory, power }: Facts): string[] {
  const around = [machine.virtual, machine.container].filter(name => name !== null).join(', ')
  return [
    `Machine: ${[machine.maker, machine.board].filter(Boolean).join(' ') || 'unknown'}${around ? ` (${around})` : ''}`,
    `Processor: ${cpu.model ?? 'unknown'}, ${cpu.cores} cores, ${cpu.threads} threads${cpu.maxMhz ? `, ${cpu.maxMhz} MHz` : ''}; ${cpu.features.join(' ') || 'no features'}`,
    `Memory: ${Math.round(memory.totalBytes / 1024 ** 2)} MB; swap: ${memory.swaps.map(({ kind, sizeBytes }) => `${kind} ${Math.round(sizeBytes / 1024 ** 2)} MB`).join(', ') || 'none'}`,
    `Power: ${power.hadUnderVoltage ? 'voltage was too low' : 'nothing known against it'}; ${power.celsius ?? '?'} °C`,
  ]
}

function diskLine(disk: Facts['disks'][number]): string {
  const usb = disk.usb ? `, ${disk.usb.driver} ${disk.usb.id}` : ''
  const link = disk.link ? `, ${disk.link.speed} x${disk.link.width}` : ''
  return `Disk ${disk.name}: ${disk.model ?? 'unknown'}, ${disk.bus}${disk.isRotational ? ', spins' : ''}, ${Math.round(disk.sizeBytes / 1e9)} GB, ${disk.scheduler}${usb}${link}`
}

function cardLine(card: Facts['network'][number]): string {
  return `Network ${card.name}: ${card.driver}, ${card.isUp ? `${card.mbitPerSecond ?? '?'} Mbit/s` : 'down'}`
}

function broughtLine({ group, what, work, percent: { median, low, high } }: BroughtResult): string {
  return `brought     ${group}: ${what}; ${work}: ${median} % faster (${low} to ${high})`
}

function measuredLines(figures: Measurements, isMeasuredHere: boolean): string[] {
  const { ciphers, hashes, compression, pools } = figures
  const listed = (rates: Record<string, number>) =>
    Object.entries(rates)
      .map(([name, rate]) => `${name} ${Math.round(rate)}`)
      .join(', ')
  return [
    `Measured ${figures.takenAt}${isMeasuredHere ? '' : ', on other hardware'}, MB/s:`,
    listed(ciphers),
    listed(hashes),
    compression
      .map(({ level, mbPerSecond, ratio }) => `zstd ${level}: ${Math.round(mbPerSecond)} (${ratio})`)
      .join(', '),
    `memory ${figures.memoryMbPerSecond ?? '?'}, loopback ${figures.loopbackMbPerSecond ?? '?'}`,
    ...pools.map(
      ({ writeMbPerSecond, fsyncMs }, index) =>
        `pool ${index + 1}: ${Math.round(writeMbPerSecond)}, fsync ${fsyncMs.median} ms, p99 ${fsyncMs.p99} ms`,
    ),
  ]
}

/** People gave pools their names, and keys come from serials. */
function withDiskName(name: string, { disks, pools }: Facts): string {
  const disk = disks.find(({ key }) => name.startsWith(`disk.${key}.`))
  if (disk) return name.replace(disk.key, disk.name)
  const index = pools.findIndex(pool => name.startsWith(`pool.${pool.name}.`))
  return index < 0 ? name : name.replace(`.${pools[index]?.name}.`, `.${index + 1}.`)
}
