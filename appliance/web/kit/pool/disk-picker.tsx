import { Stack, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { Disk } from '../../../storage/schema.ts'
import { DiskCard } from './disk-card.tsx'
import classes from './disk-picker.module.css'

interface Props {
  disks: readonly Disk[]
  chosen: readonly string[]
  onChange: (serials: string[]) => void
}

/** Disks to choose from. Those that are not offered are shown too, with the reason. */
export function DiskPicker({ disks, chosen, onChange }: Props) {
  const { t } = useTranslation()
  const toggle = (serial: string) =>
    onChange(chosen.includes(serial) ? chosen.filter(one => one !== serial) : [...chosen, serial])
  const sorted = disks.toSorted((a, b) => Number(b.isOffered) - Number(a.isOffered))
  return (
    <Stack gap={8}>
      {chosen.length === 0 && <Text c="dimmed">{t('disk.chooseSome')}</Text>}
      <ul className={classes.slots}>
        {sorted.map(disk => (
          <li key={disk.serial}>
            <DiskCard
              disk={disk}
              note={
                disk.isOffered ? t('disk.holds', { contents: disk.contents }) : (disk.reason ?? disk.contents)
              }
              choice={{
                isChosen: chosen.includes(disk.serial),
                isPossible: disk.isOffered,
                onToggle: () => toggle(disk.serial),
              }}
            />
          </li>
        ))}
      </ul>
    </Stack>
  )
}
