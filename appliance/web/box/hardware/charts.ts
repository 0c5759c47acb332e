import type { TFunction } from 'i18next'
import type { Figures, TuningSetting } from '../../api/tuning.ts'
import type { Bar } from '../../kit/bar.ts'

interface Chart {
  title: string
  hint: string
  bars: Bar[]
}

interface Asked {
  t: TFunction
  locale: string
  figures: Figures
  settings: readonly TuningSetting[]
}

/** The figures as charts; what could not be measured has none. */
export function chartsOf({ t, locale, figures, settings }: Asked): Chart[] {
  const { ciphers, hashes, compression, memoryMbPerSecond, loopbackMbPerSecond, pools } = figures
  const number = (value: number) =>
    new Intl.NumberFormat(locale, { maximumFractionDigits: value < 10 ? 1 : 0 }).format(value)
  const rate = (label: string, value: number): Bar => ({
    label,
    value,
    words: t('hardware.mbPerSecond', { rate: number(value) }),
  })
  const rateIfAny = (label: string, value: number | null) => (value === null ? [] : [rate(label, value)])
  const time = (label: string, value: number): Bar => ({
    label,
    value,
    words: t('hardware.ms', { time: number(value) }),
  })
  const charts: Chart[] = [
    {
      title: t('hardware.chart.ciphers'),
      hint: t('hardware.perCore'),
      bars: [
        rate('AES-128-GCM', ciphers.aes128gcm),
        rate('AES-256-GCM', ciphers.aes256gcm),
        rate('ChaCha20-Poly1305', ciphers.chacha20poly1305),
        rate(t('hardware.signing', { name: 'AES-128-GMAC' }), ciphers.aes128gmac),
        rate(t('hardware.signing', { name: 'HMAC-SHA-256' }), ciphers.hmacSha256),
      ],
    },
    {
      title: t('hardware.chart.checksums'),
      hint: t('hardware.perCore'),
      bars: [
        rate('XXH3', hashes.xxh3),
        rate('BLAKE3', hashes.blake3),
        rate('SHA-256', hashes.sha256),
        rate('MD5', hashes.md5),
      ],
    },
    {
      title: t('hardware.chart.compression'),
      hint: t('hardware.perCore'),
      bars: compression.map(({ level, mbPerSecond, ratio }) => {
        const pool = poolWithLevel(settings, level)
        const size = t('hardware.packedSize', { percent: Math.round(100 / ratio) })
        return {
          ...rate(t('hardware.level', { level }), mbPerSecond),
          note: pool === undefined ? size : `${size} · ${t('hardware.levelOf', { pool })}`,
          isMarked: pool !== undefined,
        }
      }),
    },
    {
      title: t('hardware.chart.ways'),
      hint: t('hardware.longerIsFaster'),
      bars: [
        ...rateIfAny(t('hardware.copying'), memoryMbPerSecond),
        ...rateIfAny(t('hardware.loopback'), loopbackMbPerSecond),
        ...pools.map(({ name, writeMbPerSecond }) =>
          rate(t('hardware.writing', { pool: name }), writeMbPerSecond),
        ),
      ],
    },
    {
      title: t('hardware.chart.sync'),
      hint: t('hardware.shorterIsBetter'),
      bars: pools.flatMap(({ name, fsyncMs }) => [
        time(t('hardware.syncHalf', { pool: name }), fsyncMs.median),
        time(t('hardware.syncMost', { pool: name }), fsyncMs.p99),
      ]),
    },
  ]
  return charts.filter(({ bars }) => bars.length > 0)
}

/** The pool for which this level is the one that the plan, or somebody, chose. */
function poolWithLevel(settings: readonly TuningSetting[], level: number): string | undefined {
  const chosen = settings.find(
    ({ name, to }) => /^pool\..+\.compression$/.test(name) && to === `zstd:${level}`,
  )
  return chosen?.name.slice('pool.'.length, -'.compression'.length)
}
