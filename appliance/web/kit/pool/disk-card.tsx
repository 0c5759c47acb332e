import { Checkbox } from '@mantine/core'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { formatBytes } from '../format/bytes.ts'
import classes from './disk-card.module.css'

export interface DiskFacts {
  serial: string
  model: string
  sizeBytes: number
}

interface Props {
  disk: DiskFacts
  /** Its state, or what is on it. */
  note: ReactNode
  isTroubled?: boolean
  /** Makes it something to choose. */
  choice?: { isChosen: boolean; isPossible: boolean; onToggle: () => void }
  children?: ReactNode
}

/** A disk as a slot one can point at: model, the end of its serial, size, state. */
export function DiskCard({ disk, note, isTroubled = false, choice, children }: Props) {
  const { t } = useTranslation()
  const body = (
    <>
      <DiskDrawing isTroubled={isTroubled} />
      <span className={classes.words}>
        <span className={classes.model}>{disk.model}</span>
        <span className={classes.serial} title={disk.serial}>
          {t('disk.serial', { end: serialEnd(disk.serial) })}
        </span>
        <span className={classes.note}>{note}</span>
        {children}
      </span>
      <span className={classes.size}>{formatBytes(disk.sizeBytes)}</span>
    </>
  )
  if (!choice)
    return (
      <div className={classes.card} data-troubled={isTroubled || undefined}>
        {body}
      </div>
    )
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the checkbox below is the control
    <label
      className={classes.card}
      data-chosen={choice.isChosen || undefined}
      data-off={!choice.isPossible || undefined}
    >
      <Checkbox
        checked={choice.isChosen}
        disabled={!choice.isPossible}
        onChange={choice.onToggle}
        aria-label={t('disk.choose', { model: disk.model, end: serialEnd(disk.serial) })}
      />
      {body}
    </label>
  )
}

const shownSerial = 8

/** People compare the last characters with the sticker. */
export function serialEnd(serial: string): string {
  return serial.length <= shownSerial + 2 ? serial : `…${serial.slice(-shownSerial).replace(/^[-_ ]/, '')}`
}

function DiskDrawing({ isTroubled }: { isTroubled: boolean }) {
  return (
    <span className={classes.drawing} data-troubled={isTroubled || undefined} aria-hidden>
      <span className={classes.light} />
    </span>
  )
}
