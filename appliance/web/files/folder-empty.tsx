import { Button } from '@mantine/core'
import { IconFolderOpen, IconSearch } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import { EmptyPlace } from '../kit/empty-place.tsx'

interface Props {
  isSearching: boolean
  mayWrite: boolean
  onNewFolder: () => void
}

export function FolderEmpty({ isSearching, mayWrite, onNewFolder }: Props) {
  const { t } = useTranslation()
  if (isSearching)
    return <EmptyPlace icon={<IconSearch size={40} stroke={1.25} />} text={t('files.noneFound')} />
  const text = mayWrite ? t('files.empty') : t('files.emptyReadOnly')
  return (
    <EmptyPlace icon={<IconFolderOpen size={40} stroke={1.25} />} text={text}>
      {mayWrite && (
        <Button variant="default" onClick={onNewFolder}>
          {t('files.newFolder')}
        </Button>
      )}
    </EmptyPlace>
  )
}
