import type { TFunction } from 'i18next'
import type { TuningReport } from '../../appliance/tuning/schema/index.ts'

type Figures = NonNullable<TuningReport['measurements']>

/** What was measured, as somebody would tell a neighbour: names and sentences. */
export function foundFacts(
  t: TFunction,
  locale: string,
  { measurements, settings }: Pick<TuningReport, 'measurements' | 'settings'>,
): [name: string, sentence: string][] {
  if (measurements === null) return []
  const number = (value: number) =>
    new Intl.NumberFormat(locale, { maximumFractionDigits: value < 10 ? 1 : 0 }).format(value)
  const beside = (mbPerSecond: number) => {
    const network = networkBelow(mbPerSecond)
    return network === undefined
      ? t('setup.measure.slowerThanNetwork')
      : t('setup.measure.asFastAsNetwork', { gbit: number(network) })
  }
  const { ciphers, pools, compression } = measurements
  const cipher = Math.max(ciphers.aes128gcm, ciphers.chacha20poly1305)
  return [
    ...pools.flatMap(({ name, writeMbPerSecond, fsyncMs }): [string, string][] => [
      [
        t('setup.measure.pool', { name }),
        [
          t('setup.measure.writes', { rate: number(writeMbPerSecond) }),
          beside(writeMbPerSecond),
          t('setup.measure.safeAfter', { time: number(fsyncMs.median) }),
        ].join(' '),
      ],
    ]),
    ...spaceOf(t, compression, settings),
    [
      t('setup.measure.encrypting'),
      `${t('setup.measure.encrypts', { rate: number(cipher) })} ${beside(cipher)}`,
    ],
  ]
}

/** Only where a level was chosen for a pool by what was measured. */
function spaceOf(
  t: TFunction,
  compression: Figures['compression'],
  settings: TuningReport['settings'],
): [string, string][] {
  const chosen = settings.find(({ name }) => /^pool\..+\.compression$/.test(name))?.to
  if (chosen === undefined) return []
  const level = compression.find(one => `zstd:${one.level}` === chosen)
  const sentence =
    level === undefined
      ? t('setup.measure.packsSlower')
      : t('setup.measure.packs', { percent: Math.round(100 / level.ratio) })
  return [[t('setup.measure.space'), sentence]]
}

/** Gbit/s, and what of it is files: about 94 %. */
const networks = [10, 5, 2.5, 1]
const mbPerGbit = 118

function networkBelow(mbPerSecond: number): number | undefined {
  return networks.find(gbit => gbit * mbPerGbit <= mbPerSecond)
}
