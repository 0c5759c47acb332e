import { Input, SegmentedControl, Stack, Switch, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { NfsPlace, NfsSettings } from '../api/nfs.ts'
import { Notice } from '../kit/notice.tsx'
import type { Draft } from './draft.ts'
import { MachineList } from './machine-list.tsx'

interface Props {
  place: NfsPlace
  draft: Draft
  errors: ReadonlyMap<number, string>
  unknownNames: readonly string[]
  onChange: (draft: Draft, touched?: number) => void
}

/** Who may mount it, what they may do, whether they see the past, and what one should know of it. */
export function NfsChoices({ place, draft, errors, unknownNames, onChange }: Props) {
  const { t } = useTranslation()
  return (
    <Stack gap={20}>
      <MachineList
        kind={place.kind}
        draft={draft}
        errors={errors}
        unknownNames={unknownNames}
        onChange={onChange}
      />
      <Input.Wrapper label={t('nfs.access')} labelElement="div">
        <div>
          <SegmentedControl
            aria-label={t('nfs.access')}
            data={(['read', 'write'] as const).map(value => ({ value, label: t(`right.${value}`) }))}
            value={draft.access}
            onChange={access => onChange({ ...draft, access: access as NfsSettings['access'] })}
            transitionDuration={130}
          />
        </div>
      </Input.Wrapper>
      <Switch
        size="md"
        label={t('nfs.snapshots')}
        description={t('nfs.snapshotsHint', { path: `/.snapshots/${place.name}` })}
        checked={draft.hasSnapshots}
        onChange={event => onChange({ ...draft, hasSnapshots: event.currentTarget.checked })}
      />
      <Notice kind="info" title={t('nfs.know')}>
        <Stack gap={8} className="prose">
          <Text>{t('nfs.knowTrash')}</Text>
          <Text>{t('nfs.knowFolder')}</Text>
        </Stack>
      </Notice>
    </Stack>
  )
}
