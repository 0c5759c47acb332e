import { Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { type Version, versionContentAddress, versionsQuery } from '../../api/versions.ts'
import { Answer } from '../../kit/answer.tsx'
import { Rows } from '../../kit/rows.tsx'
import { nameOf } from '../path.ts'
import { Preview } from '../preview/preview.tsx'
import { useVersionChanges } from './use-version-changes.ts'
import { DeleteVersionDialog, LabelVersionDialog } from './version-dialogs.tsx'
import { VersionRow } from './version-row.tsx'

export type VersionAction = 'preview' | 'label' | 'delete'

interface Props {
  path: string
  mayWrite: boolean
  /** Something is open over it, or no longer. */
  onCovered: (isCovered: boolean) => void
}

/** What a file was before: kept versions and snapshots in one list, under the present content. */
export function Versions({ path, mayWrite, onCovered }: Props) {
  const { t } = useTranslation()
  const versions = useQuery(versionsQuery(path))
  const changes = useVersionChanges(path)
  const [open, setOpen] = useState<{ action: VersionAction; version: Version } | null>(null)
  const show = (action: VersionAction, version: Version) => {
    setOpen({ action, version })
    onCovered(true)
  }
  const close = () => {
    setOpen(null)
    onCovered(false)
  }
  return (
    <Stack gap={12}>
      <Answer query={versions} rows={3} height={56}>
        {found => (
          <>
            <Rows label={t('details.versions')}>
              {found.map(version => (
                <VersionRow
                  key={version.id}
                  path={path}
                  version={version}
                  mayWrite={mayWrite}
                  isBusy={changes.isRestoring}
                  onRestore={() => changes.restore(version)}
                  onAction={action => show(action, version)}
                />
              ))}
            </Rows>
            <Text size="sm" c="dimmed">
              {found.length === 1 && `${t('versions.empty')} `}
              {t(found.some(isKept) ? 'versions.rule' : 'versions.onlySnapshots')}
            </Text>
          </>
        )}
      </Answer>
      {open?.action === 'preview' && (
        <Preview
          entry={{ name: nameOf(path), kind: 'file', size: open.version.size }}
          address={versionContentAddress(path, open.version.id)}
          download={versionContentAddress(path, open.version.id)}
          onClose={close}
        />
      )}
      {open?.action === 'label' && (
        <LabelVersionDialog version={open.version} onLabel={changes.label} onClose={close} />
      )}
      {open?.action === 'delete' && (
        <DeleteVersionDialog version={open.version} onDelete={changes.remove} onClose={close} />
      )}
    </Stack>
  )
}

function isKept({ kind, current }: Version): boolean {
  return kind === 'version' && !current
}
