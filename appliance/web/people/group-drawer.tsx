import { Button, Divider, Drawer, Stack } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { deleteGroup, type Group, setMembers } from '../api/people.ts'
import { Dialog } from '../kit/dialog.tsx'
import { ErrorPanel } from '../kit/error-panel.tsx'
import { MembersChoice } from './members-choice.tsx'
import { usePeopleChange } from './use-people-change.ts'

/** Who is in a group, and its end. */
export function GroupDrawer({ group, onClose }: { group: Group; onClose: () => void }) {
  const { t } = useTranslation()
  const [members, setLocal] = useState(group.members)
  const [isDeleting, setDeleting] = useState(false)
  const saving = usePeopleChange(() => setMembers({ name: group.name, members }), onClose)
  const deleting = usePeopleChange(() => deleteGroup(group.name), onClose)
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      title={group.name}
      transitionProps={{ duration: 130 }}
      closeButtonProps={{ 'aria-label': t('close') }}
    >
      <Stack gap={24}>
        <MembersChoice members={members} onChange={setLocal} />
        {saving.error && <ErrorPanel error={saving.error} />}
        <Button loading={saving.isPending} onClick={() => saving.mutate(undefined)}>
          {t('people.saveMembers')}
        </Button>
        <Divider />
        <Button color="red" variant="outline" onClick={() => setDeleting(true)}>
          {t('people.deleteGroup')}
        </Button>
      </Stack>
      {isDeleting && (
        <Dialog
          title={t('people.deleteGroupTitle', { name: group.name })}
          action={t('people.deleteGroup')}
          isDangerous
          isBusy={deleting.isPending}
          error={deleting.error}
          onConfirm={() => deleting.mutate(undefined)}
          onClose={() => setDeleting(false)}
        >
          {t('people.deleteGroupText')}
        </Dialog>
      )}
    </Drawer>
  )
}
