import { Button, Select, TextInput } from '@mantine/core'
import { IconAdjustmentsHorizontal, IconFolder } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { type Face, faces } from '../api/journal.ts'
import { usersQuery } from '../api/people.ts'
import type { Person } from '../api/session.ts'
import { FolderPicker } from '../files/change/folder-picker.tsx'
import classes from './activity-filters.module.css'
import type { Seen } from './activity-page.tsx'
import { countOf, type Wanted, type When, whens } from './filter.ts'

interface Props {
  person: Person
  wanted: Wanted
  seen: Seen
  onChange: (changed: Partial<Wanted>) => void
  /** Absent where another button does it. */
  onClear: (() => void) | undefined
}

/** What narrows the list down. On a phone it is folded away until it is asked for. */
export function ActivityFilters({ person, wanted, seen, onChange, onClear }: Props) {
  const { t } = useTranslation()
  const [isOpen, setOpen] = useState(false)
  const users = useQuery({ ...usersQuery, enabled: person.role === 'admin' })
  const actors = new Set([...seen.actors, ...(users.data ?? []).map(user => user.name), person.name])
  if (wanted.actor) actors.add(wanted.actor)
  const devices = new Map(seen.devices)
  if (wanted.device && !devices.has(wanted.device)) devices.set(wanted.device, wanted.device)
  const count = countOf(wanted)
  const shared = { clearable: true, placeholder: t('activity.all'), comboboxProps: { shadow: 'md' } }
  return (
    <section aria-label={t('activity.filters')}>
      <Button
        className={classes.fold ?? ''}
        variant="default"
        leftSection={<IconAdjustmentsHorizontal size={20} aria-hidden />}
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        {count === 0 ? t('activity.filters') : t('activity.filtersSet', { count })}
      </Button>
      <div className={classes.filters} data-open={isOpen || undefined}>
        <Select
          {...shared}
          label={t('activity.person')}
          searchable
          data={[...actors].toSorted()}
          value={wanted.actor ?? null}
          onChange={actor => onChange({ actor: actor ?? undefined })}
        />
        <Select
          {...shared}
          label={t('activity.device')}
          searchable
          data={[...devices].map(([value, label]) => ({ value, label }))}
          nothingFoundMessage={t('activity.noDevices')}
          value={wanted.device ?? null}
          onChange={device => onChange({ device: device ?? undefined })}
        />
        <Select
          {...shared}
          label={t('activity.how')}
          data={faces.map(face => ({ value: face, label: t(`activity.face.${face}`) }))}
          value={wanted.face ?? null}
          onChange={face => onChange({ face: (face as Face | null) ?? undefined })}
        />
        <FolderFilter folder={wanted.folder} onChange={folder => onChange({ folder })} />
        <Select
          label={t('activity.when')}
          data={whens.map(when => ({ value: when, label: t(`activity.whens.${when}`) }))}
          allowDeselect={false}
          value={wanted.when}
          onChange={when => onChange({ when: (when as When | null) ?? 'any' })}
        />
        {wanted.when === 'days' && (
          <>
            <TextInput
              type="date"
              label={t('activity.from')}
              value={wanted.from ?? ''}
              onChange={event => onChange({ from: event.currentTarget.value })}
            />
            <TextInput
              type="date"
              label={t('activity.to')}
              value={wanted.to ?? ''}
              onChange={event => onChange({ to: event.currentTarget.value })}
            />
          </>
        )}
        {count > 0 && onClear && (
          <Button variant="subtle" className={classes.clear ?? ''} onClick={onClear}>
            {t('activity.clear')}
          </Button>
        )}
      </div>
    </section>
  )
}

function FolderFilter({
  folder,
  onChange,
}: {
  folder: string | undefined
  onChange: (folder: string | undefined) => void
}) {
  const { t } = useTranslation()
  const [isPicking, setPicking] = useState(false)
  const shown = folder === undefined ? t('activity.anyFolder') : folder === '/' ? t('files.home') : folder
  return (
    <div className={classes.folder}>
      <span className={classes.label} aria-hidden>
        {t('activity.folder')}
      </span>
      <Button
        variant="default"
        justify="start"
        className={classes.pick ?? ''}
        fullWidth
        fw={400}
        leftSection={<IconFolder size={20} aria-hidden />}
        aria-label={t('activity.folderIs', { folder: shown })}
        title={shown}
        onClick={() => setPicking(true)}
      >
        {shown}
      </Button>
      {isPicking && (
        <FolderPicker
          title={t('activity.pickFolder')}
          action={to => t('activity.showFolder', { folder: to })}
          start={folder ?? '/'}
          paths={[]}
          isOnlyLooking
          onPick={async to => onChange(to === '/' ? undefined : to)}
          onClose={() => setPicking(false)}
        />
      )}
    </div>
  )
}
