import { IconAlertTriangle, IconCircleCheck, IconCircleX } from '@tabler/icons-react'
import classes from './state-word.module.css'

const icons = { ok: IconCircleCheck, warning: IconAlertTriangle, danger: IconCircleX }

/** A state as icon and word: never colour alone. */
export function StateWord({ kind, word }: { kind: keyof typeof icons; word: string }) {
  const Icon = icons[kind]
  return (
    <span className={classes.state} data-kind={kind}>
      <Icon size={20} aria-hidden />
      {word}
    </span>
  )
}
