import { List } from '@mantine/core'
import { useTranslation } from 'react-i18next'

const shown = 8

/** The first of some names, and how many more there are. */
export function NameList({ names }: { names: readonly string[] }) {
  const { t } = useTranslation()
  return (
    <List size="md" className="unbroken">
      {names.slice(0, shown).map((name, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: two deleted things may have one name
        <List.Item key={index}>{name}</List.Item>
      ))}
      {names.length > shown && <List.Item>{t('delete.more', { count: names.length - shown })}</List.Item>}
    </List>
  )
}
