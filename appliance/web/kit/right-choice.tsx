import { SegmentedControl } from '@mantine/core'
import { useTranslation } from 'react-i18next'

export type Right = 'none' | 'read' | 'write'

const rights: Right[] = ['none', 'read', 'write']

/** None, read, or read and write. */
export function RightChoice({
  label,
  value,
  onChange,
}: {
  label: string
  value: Right
  onChange: (right: Right) => void
}) {
  const { t } = useTranslation()
  return (
    <SegmentedControl
      aria-label={label}
      value={value}
      onChange={right => onChange(right as Right)}
      data={rights.map(right => ({ value: right, label: t(`right.${right}`) }))}
      transitionDuration={130}
    />
  )
}
