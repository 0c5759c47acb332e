import { ActionIcon, Button, Group, Select, Text } from '@mantine/core'
import { IconUser, IconUsers, IconUsersGroup, IconX } from '@tabler/icons-react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { groupsQuery, usersQuery } from '../../api/people.ts'
import { type Grants, type Share, setGrants } from '../../api/shares.ts'
import { ErrorPanel } from '../../kit/error-panel.tsx'
import { type Right, RightChoice } from '../../kit/right-choice.tsx'
import { Row, Rows } from '../../kit/rows.tsx'
import { useToast } from '../../kit/toast.tsx'
import { addGrant, grantRows, grantsOf, isSameGrants, removeGrant, type Subject, setRight } from './grants.ts'

/** Who may use a share. Changes are kept together until they are saved. */
export function GrantsEditor({ share }: { share: Share }) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const toast = useToast()
  const saved = grantsOf(share)
  const [grants, setLocal] = useState<Grants>(saved)
  const saving = useMutation({
    mutationFn: () => setGrants(share.name, grants),
    async onSuccess() {
      const before = saved
      await client.invalidateQueries({ queryKey: ['shares'] })
      const undo = async () => {
        setLocal(before)
        await setGrants(share.name, before).catch(toast.failed)
        await client.invalidateQueries({ queryKey: ['shares'] })
      }
      toast.done({ text: t('grants.saved', { share: share.name }), onUndo: () => void undo() })
    },
  })
  const isChanged = !isSameGrants(saved, grants)
  return (
    <>
      <Rows label={t('share.who')}>
        <Row icon={<IconUsers size={20} />} title={t('grants.everyone')} detail={t('grants.everyoneHint')}>
          <RightChoice
            label={t('grants.everyone')}
            value={grants.everyone}
            onChange={right => setLocal({ ...grants, everyone: right })}
          />
        </Row>
        {grantRows(grants).map(row => (
          <GrantRow
            key={`${row.kind}:${row.name}`}
            {...row}
            onRight={right => setLocal(setRight(grants, row, right))}
            onRemove={() => setLocal(removeGrant(grants, row))}
          />
        ))}
      </Rows>
      <AddGrant grants={grants} onAdd={subject => setLocal(addGrant(grants, subject))} />
      {saving.error && <ErrorPanel error={saving.error} />}
      {isChanged && (
        <Group gap={8}>
          <Button loading={saving.isPending} onClick={() => saving.mutate()}>
            {t('grants.save')}
          </Button>
          <Button variant="default" onClick={() => setLocal(saved)}>
            {t('discard')}
          </Button>
        </Group>
      )}
    </>
  )
}

interface GrantRowProps extends Subject {
  right: Right
  onRight: (right: Right) => void
  onRemove: () => void
}

function GrantRow({ kind, name, right, onRight, onRemove }: GrantRowProps) {
  const { t } = useTranslation()
  const Icon = kind === 'groups' ? IconUsersGroup : IconUser
  return (
    <Row icon={<Icon size={20} />} title={name} detail={t(`grants.kind.${kind}`)}>
      <RightChoice label={name} value={right} onChange={onRight} />
      <ActionIcon aria-label={t('grants.remove', { name })} onClick={onRemove}>
        <IconX size={20} />
      </ActionIcon>
    </Row>
  )
}

function AddGrant({ grants, onAdd }: { grants: Grants; onAdd: (subject: Subject) => void }) {
  const { t } = useTranslation()
  const users = useQuery(usersQuery)
  const groups = useQuery(groupsQuery)
  const rest = (kind: Subject['kind'], names: readonly string[]) =>
    names.filter(name => !(name in grants[kind])).map(name => ({ value: `${kind}:${name}`, label: name }))
  const data = [
    { group: t('grants.groupsHead'), items: rest('groups', groups.data?.map(group => group.name) ?? []) },
    { group: t('grants.usersHead'), items: rest('users', users.data?.map(user => user.name) ?? []) },
  ].filter(({ items }) => items.length > 0)
  if (data.length === 0)
    return (
      <Text c="dimmed" size="sm">
        {t('grants.nobodyElse')}
      </Text>
    )
  return (
    <Select
      label={t('grants.add')}
      placeholder={t('grants.addHint')}
      data={data}
      value={null}
      searchable
      maw={360}
      onChange={chosen => {
        const [kind, name] = chosen?.split(/:(.*)/s) ?? []
        if (name && (kind === 'users' || kind === 'groups')) onAdd({ kind, name })
      }}
    />
  )
}
