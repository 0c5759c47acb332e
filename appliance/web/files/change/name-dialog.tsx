import { TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Dialog } from '../../kit/dialog.tsx'
import { nameProblem } from './name-problem.ts'

interface Props {
  title: string
  label: string
  action: string
  initial: string
  isTaken: (name: string) => boolean
  onName: (name: string) => Promise<void>
  onClose: () => void
}

/** Asks for a name: of a new folder, or a new one for what is there. */
export function NameDialog({ title, label, action, initial, isTaken, onName, onClose }: Props) {
  const { t } = useTranslation()
  const [name, setName] = useState(initial)
  const naming = useMutation({ mutationFn: () => onName(name.trim()), onSuccess: onClose })
  const problem = nameProblem(t, name.trim(), one => one !== initial && isTaken(one))
  const isReady = name.trim() !== '' && name.trim() !== initial && problem === undefined
  return (
    <Dialog
      title={title}
      action={action}
      isReady={isReady}
      isBusy={naming.isPending}
      error={naming.error}
      onConfirm={() => naming.mutate()}
      onClose={onClose}
    >
      <TextInput
        label={label}
        value={name}
        error={problem}
        onChange={event => setName(event.currentTarget.value)}
        onFocus={event => selectStem(event.currentTarget)}
        spellCheck={false}
        autoComplete="off"
        data-autofocus
      />
    </Dialog>
  )
}

/** `report` of `report.pdf`: what people mean to change. */
function selectStem(input: HTMLInputElement) {
  const dot = input.value.lastIndexOf('.')
  input.setSelectionRange(0, dot > 0 ? dot : input.value.length)
}
