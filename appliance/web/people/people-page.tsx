import { Button, Text } from '@mantine/core'
import { IconPlus, IconUser, IconUsersGroup } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { type Group, groupsQuery, type User, usersQuery } from '../api/people.ts'
import { Answer } from '../kit/answer.tsx'
import { Row, Rows } from '../kit/rows.tsx'
import { Part, Sheet } from '../kit/sheet.tsx'
import { CreateGroupDialog } from './create-group-dialog.tsx'
import { CreateUserDialog } from './create-user-dialog.tsx'
import { GroupDrawer } from './group-drawer.tsx'
import { UserDrawer } from './user-drawer.tsx'

/** Who has an account here, and the groups they are in. */
export function PeoplePage() {
  const { t } = useTranslation()
  return (
    <Sheet title={t('people.title')}>
      <Users />
      <Groups />
    </Sheet>
  )
}

function Users() {
  const { t } = useTranslation()
  const users = useQuery(usersQuery)
  const [isCreating, setCreating] = useState(false)
  const [openName, setOpenName] = useState<string | null>(null)
  const open = users.data?.find(user => user.name === openName)
  return (
    <Part
      title={t('people.users')}
      action={<AddButton label={t('people.addUser')} onClick={() => setCreating(true)} />}
    >
      <Answer query={users} height={56}>
        {found => (
          <Rows label={t('people.users')}>
            {found.map(user => (
              <Row
                key={user.name}
                icon={<IconUser size={20} />}
                title={user.displayName}
                detail={userWords(user)}
                onOpen={() => setOpenName(user.name)}
              />
            ))}
          </Rows>
        )}
      </Answer>
      {isCreating && <CreateUserDialog onClose={() => setCreating(false)} />}
      {open && <UserDrawer key={open.name} user={open} onClose={() => setOpenName(null)} />}
    </Part>
  )

  function userWords({ name, role, groups }: User): string {
    return [name, t(`people.role.${role}`), ...groups].join(' · ')
  }
}

function Groups() {
  const { t } = useTranslation()
  const groups = useQuery(groupsQuery)
  const [isCreating, setCreating] = useState(false)
  const [openName, setOpenName] = useState<string | null>(null)
  const open = groups.data?.find(group => group.name === openName)
  return (
    <Part
      title={t('people.groups')}
      action={<AddButton label={t('people.addGroup')} onClick={() => setCreating(true)} />}
    >
      <Answer query={groups} height={56}>
        {found =>
          found.length === 0 ? (
            <Text c="dimmed" className="prose">
              {t('people.noGroups')}
            </Text>
          ) : (
            <Rows label={t('people.groups')}>
              {found.map(group => (
                <Row
                  key={group.name}
                  icon={<IconUsersGroup size={20} />}
                  title={group.name}
                  detail={memberWords(group)}
                  onOpen={() => setOpenName(group.name)}
                />
              ))}
            </Rows>
          )
        }
      </Answer>
      {isCreating && <CreateGroupDialog onClose={() => setCreating(false)} />}
      {open && <GroupDrawer key={open.name} group={open} onClose={() => setOpenName(null)} />}
    </Part>
  )

  function memberWords({ members }: Group): string {
    return t('people.members', { count: members.length })
  }
}

function AddButton({ label, onClick }: { label: string; onClick: () => void }) {
  return (
    <Button variant="default" leftSection={<IconPlus size={20} aria-hidden />} onClick={onClick}>
      {label}
    </Button>
  )
}
