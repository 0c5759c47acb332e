import { MultiSelect } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { usersQuery } from '../api/people.ts'

export function MembersChoice({
  members,
  onChange,
}: {
  members: string[]
  onChange: (members: string[]) => void
}) {
  const { t } = useTranslation()
  const users = useQuery(usersQuery)
  return (
    <MultiSelect
      size="md"
      label={t('people.membersLabel')}
      data={
        users.data?.map(user => ({ value: user.name, label: `${user.displayName} (${user.name})` })) ?? []
      }
      value={members}
      onChange={onChange}
      searchable
    />
  )
}
