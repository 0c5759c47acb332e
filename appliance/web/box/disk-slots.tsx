import { useTranslation } from 'react-i18next'
import type { Disk } from '../api/storage.ts'
import { DiskCard } from '../kit/pool/disk-card.tsx'
import pickerClasses from '../kit/pool/disk-picker.module.css'
import { StateWord } from '../kit/state-word.tsx'

/** Disks that are in no pool, with what they are used for. */
export function DiskSlots({ disks }: { disks: readonly Disk[] }) {
  const { t } = useTranslation()
  return (
    <ul className={pickerClasses.slots}>
      {disks.map(disk => (
        <li key={disk.serial}>
          <DiskCard
            disk={disk}
            isTroubled={disk.state !== 'ok'}
            note={`${t(`disk.use.${disk.use}`)} · ${disk.contents}`}
          >
            {disk.state !== 'ok' && <StateWord kind="danger" word={t(`disk.state.${disk.state}`)} />}
          </DiskCard>
        </li>
      ))}
    </ul>
  )
}
