import { Text } from '@mantine/core'
import { CopyButton } from './copy-button.tsx'
import classes from './copy-line.module.css'

/** A line to take elsewhere: an address, a password that is shown once. */
export function CopyLine({ label, value, hint }: { label: string; value: string; hint?: string }) {
  return (
    <div>
      <Text size="sm" fw={600}>
        {label}
      </Text>
      <div className={classes.line}>
        <code className={classes.value}>{value}</code>
        <CopyButton value={value} label={`${label}: ${value}`} />
      </div>
      {hint && (
        <Text size="sm" c="dimmed">
          {hint}
        </Text>
      )}
    </div>
  )
}
