import { useTranslation } from 'react-i18next'
import type { Pool } from '../../api/storage.ts'
import { formatBytes } from '../../kit/format/bytes.ts'
import classes from './pool-bar.module.css'

/** The disks' room as one bar: yours, free, and, while all disks are there, what the protection takes. */
export function PoolBar({ pool }: { pool: Pool }) {
  const { t } = useTranslation()
  const raw = pool.disks.reduce((sum, disk) => sum + disk.sizeBytes, 0)
  const protection = Math.max(0, raw - pool.usableBytes)
  const parts = [
    { kind: 'used', bytes: pool.usedBytes },
    { kind: 'free', bytes: pool.freeBytes },
    ...(pool.state === 'healthy' && pool.lossesSurvived > 0
      ? [{ kind: 'protection' as const, bytes: protection }]
      : []),
  ] as const
  const total = parts.reduce((sum, part) => sum + part.bytes, 0) || 1
  return (
    <div>
      <p className={classes.sum}>
        {t('pool.usedOf', { used: formatBytes(pool.usedBytes), total: formatBytes(pool.usableBytes) })}
      </p>
      <div className={classes.bar} aria-hidden>
        {parts.map(({ kind, bytes }) => (
          <span key={kind} data-kind={kind} style={{ flexGrow: bytes / total }} />
        ))}
      </div>
      <ul className={classes.legend}>
        {parts.map(({ kind, bytes }) => (
          <li key={kind} data-kind={kind}>
            {t(`pool.part.${kind}`)} <b>{formatBytes(bytes)}</b>
          </li>
        ))}
      </ul>
    </div>
  )
}
