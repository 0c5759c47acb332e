import { ActionIcon, Button, Text, TextInput } from '@mantine/core'
import { IconAlertTriangle, IconPlus, IconX } from '@tabler/icons-react'
import { useId, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import type { NfsPlace } from '../api/nfs.ts'
import { addMachine, type Draft, type Machine, removeMachine, setMachine } from './draft.ts'
import classes from './machine-list.module.css'

interface Props {
  draft: Draft
  kind: NfsPlace['kind']
  /** By the machine's id. */
  errors: ReadonlyMap<number, string>
  /** Names that the box cannot find, as they were saved. */
  unknownNames: readonly string[]
  onChange: (draft: Draft, touched: number) => void
}

/** Who may mount it: a line for each machine, network or name. */
export function MachineList({ draft, kind, errors, unknownNames, onChange }: Props) {
  const { t } = useTranslation()
  const help = useId()
  const toFocus = useRef<number>(undefined)
  const addButton = useRef<HTMLButtonElement>(null)
  const add = () => {
    const { draft: longer, id } = addMachine(draft)
    toFocus.current = id
    onChange(longer, id)
  }
  const remove = (id: number) => {
    addButton.current?.focus()
    onChange(removeMachine(draft, id), id)
  }
  return (
    <fieldset className={classes.field} aria-describedby={help}>
      <Text component="legend" size="sm" fw={600} p={0} mb={4}>
        {t('nfs.machines')}
      </Text>
      <div id={help} className="prose">
        <Text>{t(`nfs.trust.${kind}`)}</Text>
        <Text size="sm" c="dimmed" mt={4}>
          {t('nfs.machinesHint')}
        </Text>
      </div>
      <ul className={classes.list}>
        {draft.machines.map((machine, index) => (
          <MachineLine
            key={machine.id}
            machine={machine}
            number={index + 1}
            error={errors.get(machine.id)}
            isUnknown={unknownNames.includes(machine.text.trim())}
            onShown={field => {
              if (toFocus.current !== machine.id) return
              toFocus.current = undefined
              field.focus()
            }}
            onText={text => onChange(setMachine(draft, machine.id, text), machine.id)}
            isOnlyEmpty={draft.machines.length === 1 && machine.text === ''}
            onRemove={() => remove(machine.id)}
          />
        ))}
      </ul>
      <Button
        ref={addButton}
        variant="default"
        leftSection={<IconPlus size={20} aria-hidden />}
        onClick={add}
      >
        {t('nfs.add')}
      </Button>
    </fieldset>
  )
}

interface LineProps {
  machine: Machine
  number: number
  error: string | undefined
  isUnknown: boolean
  onShown: (field: HTMLInputElement) => void
  onText: (text: string) => void
  /** There is nothing to remove. */
  isOnlyEmpty: boolean
  onRemove: () => void
}

function MachineLine({
  machine,
  number,
  error,
  isUnknown,
  isOnlyEmpty,
  onShown,
  onText,
  onRemove,
}: LineProps) {
  const { t } = useTranslation()
  const name = machine.text.trim()
  return (
    <li className={classes.machine}>
      <TextInput
        ref={field => {
          if (field) onShown(field)
        }}
        className={classes.text ?? ''}
        aria-label={t('nfs.machine', { number })}
        value={machine.text}
        error={error}
        description={isUnknown && !error && <UnknownName />}
        inputWrapperOrder={['input', 'error', 'description']}
        onChange={event => onText(event.currentTarget.value)}
        autoComplete="off"
        autoCapitalize="none"
        autoCorrect="off"
        inputMode="url"
        spellCheck={false}
      />
      <ActionIcon
        aria-label={name === '' ? t('nfs.removeEmpty', { number }) : t('nfs.remove', { name })}
        data-none={isOnlyEmpty || undefined}
        className={classes.remove ?? ''}
        onClick={onRemove}
      >
        <IconX size={20} />
      </ActionIcon>
    </li>
  )
}

function UnknownName() {
  const { t } = useTranslation()
  return (
    <span className={classes.unknown}>
      <IconAlertTriangle size={20} aria-hidden />
      {t('nfs.unknownName')}
    </span>
  )
}
