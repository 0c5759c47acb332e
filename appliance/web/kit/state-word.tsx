import {
  IconAlertTriangle,
  IconBulb,
  IconCircleCheck,
  IconCircleMinus,
  IconCircleX,
  IconClock,
} from '@tabler/icons-react'
import classes from './state-word.module.css'

const icons = {
  ok: IconCircleCheck,
  warning: IconAlertTriangle,
  danger: IconCircleX,
  next: IconClock,
  hint: IconBulb,
  off: IconCircleMinus,
}

export type StateKind = keyof typeof icons

/** A state as icon and word: never colour alone. */
export function StateWord({ kind, word }: { kind: StateKind; word: string }) {
  const Icon = icons[kind]
  return (
    <span className={classes.state} data-kind={kind}>
      <Icon size={20} aria-hidden />
      {word}
    </span>
  )
}
