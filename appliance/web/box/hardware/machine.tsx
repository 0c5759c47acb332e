import { Button } from '@mantine/core'
import { IconClipboardText } from '@tabler/icons-react'
import type { TFunction } from 'i18next'
import { type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Facts as MachineFacts } from '../../api/tuning.ts'
import { Facts } from '../../kit/facts.tsx'
import { formatBytes } from '../../kit/format/bytes.ts'
import { formatMemory } from '../../kit/format/memory.ts'
import { Card, Part } from '../../kit/sheet.tsx'
import { StateWord } from '../../kit/state-word.tsx'
import classes from './hardware.module.css'
import { ReportDialog } from './report-dialog.tsx'

/** What a machine is called whose hypervisor hides its name. */
const nameless = 'a virtual machine'

/** The machine in plain words. */
export function Machine({ facts }: { facts: MachineFacts }) {
  const { t } = useTranslation()
  const [isReporting, setReporting] = useState(false)
  const report = (
    <Button
      variant="default"
      leftSection={<IconClipboardText size={20} aria-hidden />}
      onClick={() => setReporting(true)}
    >
      {t('hardware.report')}
    </Button>
  )
  return (
    <Part title={t('hardware.machine')} action={report}>
      <Card>
        <Facts
          facts={[
            [t('hardware.board'), boardWords(t, facts)],
            [t('hardware.processor'), processorLines(t, facts)],
            [t('hardware.memory'), memoryLines(t, facts)],
            [t('hardware.disks'), items(diskWords(t, facts))],
            [t('hardware.network'), items(networkWords(t, facts))],
            [t('hardware.temperature'), <Temperature key="temperature" power={facts.power} />],
            [t('hardware.power'), <Power key="power" power={facts.power} />],
          ]}
        />
      </Card>
      {isReporting && <ReportDialog onClose={() => setReporting(false)} />}
    </Part>
  )
}

function boardWords(t: TFunction, { machine }: MachineFacts): ReactNode {
  const { maker, board, virtual, container, kernel } = machine
  const name = [maker, board].filter(Boolean).join(' ') || t('hardware.noName')
  return lines([
    name,
    virtual && t(virtual === nameless ? 'hardware.virtualNameless' : 'hardware.virtual', { name: virtual }),
    container && t('hardware.container', { name: container }),
    kernel && t('hardware.kernel', { version: kernel }),
  ])
}

const featureNames: Partial<Record<string, string>> = {
  aes: 'AES',
  vaes: 'VAES',
  pclmul: 'GCM',
  sha1: 'SHA-1',
  sha2: 'SHA-256',
  sha512: 'SHA-512',
  crc32: 'CRC32',
  avx2: 'AVX2',
  avx512: 'AVX-512',
  neon: 'NEON',
  sve: 'SVE',
}

function processorLines(t: TFunction, { cpu }: MachineFacts): ReactNode {
  const threads = cpu.threads > cpu.cores ? t('hardware.threads', { count: cpu.threads }) : undefined
  const most =
    cpu.maxMhz === null ? undefined : t('hardware.upToGhz', { ghz: (cpu.maxMhz / 1000).toFixed(1) })
  const cache = Math.max(0, ...cpu.caches.map(({ sizeBytes }) => sizeBytes))
  const cacheWords = cache > 0 ? t('hardware.cache', { size: formatMemory(cache) }) : undefined
  const features = cpu.features.map(name => featureNames[name] ?? name)
  return lines([
    cpu.model ?? t('hardware.noName'),
    [t('hardware.cores', { count: cpu.cores }), threads, most, cacheWords].filter(Boolean).join(' · '),
    features.length > 0 ? t('hardware.features', { names: features.join(', ') }) : t('hardware.noFeatures'),
  ])
}

function memoryLines(t: TFunction, { memory }: MachineFacts): ReactNode {
  const swaps = memory.swaps.map(({ kind, sizeBytes }) =>
    t(`hardware.swap.${kind}`, { size: formatMemory(sizeBytes) }),
  )
  return lines([formatMemory(memory.totalBytes), ...(swaps.length > 0 ? swaps : [t('hardware.noSwap')])])
}

type Disk = MachineFacts['disks'][number]

/** Files that stand for disks are counted, not named. */
function diskWords(t: TFunction, { disks }: MachineFacts): string[] {
  const files = disks.filter(({ bus }) => bus === 'loop').length
  return [
    ...disks.filter(({ bus }) => bus !== 'loop').map(disk => oneDisk(t, disk)),
    ...(files > 0 ? [t('hardware.fileDisks', { count: files })] : []),
  ]
}

function oneDisk(t: TFunction, disk: Disk): string {
  const { name, model, bus, isRotational, sizeBytes, usb, link } = disk
  const spins = isRotational === true && ['sata', 'scsi', 'usb'].includes(bus)
  const way = usb?.mbitPerSecond ? rateOfLine(t, usb.mbitPerSecond) : link?.speed
  return [name, model, formatBytes(sizeBytes), t(`hardware.bus.${bus}`), spins && t('hardware.spins'), way]
    .filter(Boolean)
    .join(' · ')
}

function networkWords(t: TFunction, { network }: MachineFacts): string[] {
  const words = network.map(({ name, driver, isUp, mbitPerSecond }) => {
    const speed = mbitPerSecond ? rateOfLine(t, mbitPerSecond) : t('hardware.noSpeed')
    return [name, isUp ? speed : t('hardware.noCable'), driver].filter(Boolean).join(' · ')
  })
  return words.length > 0 ? words : [t('hardware.noCards')]
}

function rateOfLine(t: TFunction, mbitPerSecond: number): string {
  return mbitPerSecond < 1000
    ? t('hardware.mbit', { rate: mbitPerSecond })
    : t('hardware.gbit', { rate: mbitPerSecond / 1000 })
}

function Temperature({ power }: Pick<MachineFacts, 'power'>) {
  const { t } = useTranslation()
  const { celsius, maxCelsius, isThrottled, hadThrottled } = power
  return (
    <>
      {celsius === null
        ? t('hardware.noTemperature')
        : t('hardware.celsius', { degrees: Math.round(celsius) })}
      {celsius !== null && maxCelsius !== null && (
        <div className={classes.more}>{t('hardware.slowsAt', { degrees: Math.round(maxCelsius) })}</div>
      )}
      {isThrottled === true && <StateWord kind="danger" word={t('hardware.isSlowed')} />}
      {isThrottled !== true && hadThrottled === true && (
        <StateWord kind="warning" word={t('hardware.wasSlowed')} />
      )}
    </>
  )
}

function Power({ power }: Pick<MachineFacts, 'power'>) {
  const { t } = useTranslation()
  const { isUnderVoltage, hadUnderVoltage, hasBattery } = power
  if (isUnderVoltage) return <StateWord kind="danger" word={t('hardware.isWeak')} />
  if (hadUnderVoltage) return <StateWord kind="warning" word={t('hardware.wasWeak')} />
  if (hasBattery) return t('hardware.battery')
  return hadUnderVoltage === null ? t('hardware.powerUnknown') : t('hardware.powerFine')
}

/** The first line is the thing, those below say more of it. */
function lines(words: readonly (string | null | undefined)[]): ReactNode {
  return words.filter(Boolean).map((line, index) => (
    <div key={line} className={index === 0 ? undefined : classes.more}>
      {line}
    </div>
  ))
}

/** Several things of one kind. */
function items(words: readonly string[]): ReactNode {
  return (
    <ul className={classes.items}>
      {words.map(line => (
        <li key={line}>{line}</li>
      ))}
    </ul>
  )
}
