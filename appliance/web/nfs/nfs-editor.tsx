import { Button, Group, Stack, Switch } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { confirmed, type NfsPlace, type NfsSettings, nfsQuery } from '../api/nfs.ts'
import { Answer } from '../kit/answer.tsx'
import { ApiFailure } from '../kit/api/failure.ts'
import { ErrorPanel } from '../kit/error-panel.tsx'
import { Notice } from '../kit/notice.tsx'
import { changeOf, type Draft, draftOf, isChanged, machineErrors, openToEveryone } from './draft.ts'
import { EveryoneDialog } from './everyone-dialog.tsx'
import { Mounting } from './mounting.tsx'
import { NfsChoices } from './nfs-choices.tsx'
import { useNfsSaving } from './use-nfs-saving.ts'

interface Props {
  place: NfsPlace
  /** A dialog lies over it, or no longer. */
  onCovered?: (isCovered: boolean) => void
}

/** Which machines may mount a share or a home by NFS. Changes are kept together until they are saved. */
export function NfsEditor(props: Props) {
  const settings = useQuery(nfsQuery(props.place))
  return (
    <Answer query={settings} rows={1}>
      {saved => <Editor {...props} saved={saved} />}
    </Answer>
  )
}

const noErrors: ReadonlyMap<number, string> = new Map()

function Editor({ place, saved, onCovered }: Props & { saved: NfsSettings }) {
  const { t } = useTranslation()
  const [changed, setChanged] = useState<Draft | null>(null)
  const [errors, setErrors] = useState(noErrors)
  const [failure, setFailure] = useState<unknown>()
  const [isAsking, setAsking] = useState(false)
  const form = useRef<HTMLFormElement>(null)
  const onSwitch = useRef<HTMLInputElement>(null)
  const draft = changed ?? draftOf(saved)
  const sent = useRef(draft)
  const change = changeOf(draft, saved)
  const open = change.enabled ? openToEveryone(change.clients) : []

  const saving = useNfsSaving({
    place,
    saved,
    onSaved() {
      setChanged(now => (now === sent.current ? null : now))
      focusSwitch()
    },
    onFailed(error) {
      const found = error instanceof ApiFailure ? machineErrors(sent.current, error.fields) : undefined
      if (found) setErrors(found)
      else setFailure(error)
    },
  })
  useEffect(() => {
    if (saving.error) form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus()
  }, [saving.error])

  /** The button that had the focus is about to go. */
  const focusSwitch = () => onSwitch.current?.focus({ preventScroll: true })

  function edit(next: Draft, touched?: number) {
    setChanged(next)
    if (touched !== undefined) setErrors(new Map([...errors].filter(([id]) => id !== touched)))
  }
  function discard() {
    setChanged(null)
    setErrors(noErrors)
    setFailure(undefined)
    focusSwitch()
  }
  function ask(isOver: boolean) {
    setAsking(isOver)
    onCovered?.(isOver)
  }
  function save(confirm?: typeof confirmed) {
    setErrors(noErrors)
    setFailure(undefined)
    sent.current = draft
    saving.mutate(confirm ? { ...change, confirm } : change)
  }
  function submit(event: FormEvent) {
    event.preventDefault()
    if (saving.isPending || !isChanged(draft, saved)) return
    if (open.length > 0) ask(true)
    else save()
  }

  return (
    <Stack gap={24}>
      <form ref={form} onSubmit={submit} noValidate>
        <Stack gap={24}>
          <Switch
            ref={onSwitch}
            size="md"
            label={t(`nfs.switch.${place.kind}`)}
            description={t(`nfs.state.${stateWord(draft, saved)}`)}
            checked={draft.isEnabled}
            onChange={event => edit({ ...draft, isEnabled: event.currentTarget.checked })}
          />
          {draft.isEnabled && (
            <>
              <Problem problem={saved.problem} />
              <NfsChoices
                place={place}
                draft={draft}
                errors={errors}
                unknownNames={saved.unknownNames}
                onChange={edit}
              />
            </>
          )}
          {failure !== undefined && <ErrorPanel error={failure} />}
          {isChanged(draft, saved) && (
            <SaveBar
              action={t(`nfs.save.${saveWord(draft, saved)}`)}
              isBusy={saving.isPending}
              onDiscard={discard}
            />
          )}
        </Stack>
      </form>
      {saved.enabled && draft.isEnabled && <Mounting name={place.name} settings={saved} />}
      {isAsking && (
        <EveryoneDialog
          place={place}
          open={open}
          access={draft.access}
          onConfirm={() => {
            ask(false)
            save(confirmed)
          }}
          onClose={() => ask(false)}
        />
      )}
    </Stack>
  )
}

function Problem({ problem }: { problem: string | null }) {
  const { t } = useTranslation()
  if (problem === null) return null
  return (
    <Notice kind="warning" title={t('nfs.problemTitle')}>
      {`${problem} ${t('nfs.problemMeans')}`}
    </Notice>
  )
}

interface SaveBarProps {
  action: string
  isBusy: boolean
  onDiscard: () => void
}

function SaveBar({ action, isBusy, onDiscard }: SaveBarProps) {
  const { t } = useTranslation()
  return (
    <Group gap={8}>
      <Button type="submit" loading={isBusy}>
        {action}
      </Button>
      <Button variant="default" disabled={isBusy} onClick={onDiscard}>
        {t('discard')}
      </Button>
      <span className="only-read-aloud" role="status">
        {isBusy ? t('nfs.saving') : ''}
      </span>
    </Group>
  )
}

function stateWord({ isEnabled }: Draft, saved: NfsSettings) {
  if (isEnabled === saved.enabled) return isEnabled ? 'on' : 'off'
  return isEnabled ? 'willBeOn' : 'willBeOff'
}

function saveWord({ isEnabled }: Draft, saved: NfsSettings) {
  if (isEnabled === saved.enabled) return 'changed'
  return isEnabled ? 'on' : 'off'
}
