import { Box, Button } from '@mantine/core'
import { IconChevronDown, IconChevronRight } from '@tabler/icons-react'
import { type ReactNode, useId, useState } from 'react'

/** What few need: a line that opens. What was begun in it outlives folding. */
export function Fold({ label, children }: { label: string; children: ReactNode }) {
  const body = useId()
  const [isOpen, setOpen] = useState(false)
  const [wasOpen, setWasOpen] = useState(false)
  const Icon = isOpen ? IconChevronDown : IconChevronRight
  const toggle = () => {
    setWasOpen(true)
    setOpen(!isOpen)
  }
  return (
    <div>
      <Button
        variant="subtle"
        color="gray"
        c="var(--cairn-text)"
        fullWidth
        px={4}
        justify="start"
        leftSection={<Icon size={20} aria-hidden />}
        aria-expanded={isOpen}
        aria-controls={body}
        onClick={toggle}
      >
        {label}
      </Button>
      <Box component="section" id={body} aria-label={label} hidden={!isOpen} pt={12}>
        {wasOpen && children}
      </Box>
    </div>
  )
}
