import { Text, Textarea } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { addSshKey, removeSshKey, type SshKey, sshQuery } from '../../api/access.ts'
import { Dialog } from '../../kit/dialog.tsx'

export function AddKeyDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const [text, setText] = useState('')
  const adding = useMutation({
    mutationFn: () => addSshKey(text),
    onSuccess() {
      onClose()
      return client.invalidateQueries({ queryKey: sshQuery.queryKey })
    },
  })
  return (
    <Dialog
      title={t('access.ssh.add')}
      action={t('access.ssh.add')}
      size="lg"
      isReady={text.trim() !== ''}
      isBusy={adding.isPending}
      error={adding.error}
      onConfirm={() => adding.mutate()}
      onClose={onClose}
    >
      <Textarea
        label={t('access.ssh.key')}
        description={t('access.ssh.keyHint')}
        placeholder="ssh-ed25519 AAAA… ann@laptop"
        value={text}
        onChange={event => setText(event.currentTarget.value)}
        autosize
        minRows={3}
        spellCheck={false}
        data-autofocus
      />
    </Dialog>
  )
}

export function RemoveKeyDialog(props: { sshKey: SshKey; isLast: boolean; onClose: () => void }) {
  const { sshKey, isLast, onClose } = props
  const { t } = useTranslation()
  const client = useQueryClient()
  const removing = useMutation({
    mutationFn: () => removeSshKey(sshKey.id),
    onSuccess() {
      onClose()
      return client.invalidateQueries({ queryKey: sshQuery.queryKey })
    },
  })
  return (
    <Dialog
      title={t('access.ssh.removeTitle', { name: sshKey.comment || sshKey.type })}
      action={t('access.ssh.remove')}
      isDangerous
      isBusy={removing.isPending}
      error={removing.error}
      onConfirm={() => removing.mutate()}
      onClose={onClose}
    >
      <Text>{t(isLast ? 'access.ssh.removeLast' : 'access.ssh.removeText')}</Text>
      <Text size="sm" c="dimmed" className="unbroken">
        {sshKey.fingerprint}
      </Text>
    </Dialog>
  )
}
