import { Button, Stack, Switch, Text } from '@mantine/core'
import { IconKey, IconPlus } from '@tabler/icons-react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { type SshKey, type SshState, sshQuery, switchSsh } from '../../api/access.ts'
import { Answer } from '../../kit/answer.tsx'
import { CopyLine } from '../../kit/copy-line.tsx'
import { ErrorPanel } from '../../kit/error-panel.tsx'
import { Row, Rows } from '../../kit/rows.tsx'
import { Card, Part } from '../../kit/sheet.tsx'
import { AddKeyDialog, RemoveKeyDialog } from './key-dialogs.tsx'

/** A shell on the box by ssh: off, until there is a key and somebody switches it on. */
export function RemoteShell() {
  const { t } = useTranslation()
  const ssh = useQuery(sshQuery)
  const [isAdding, setAdding] = useState(false)
  return (
    <Part
      title={t('access.ssh.title')}
      action={
        ssh.data?.isPossible && (
          <Button
            variant="default"
            leftSection={<IconPlus size={20} aria-hidden />}
            onClick={() => setAdding(true)}
          >
            {t('access.ssh.add')}
          </Button>
        )
      }
    >
      <Answer query={ssh} rows={2}>
        {state =>
          state.isPossible ? (
            <Shell state={state} />
          ) : (
            <Text className="prose">{t('access.ssh.notHere')}</Text>
          )
        }
      </Answer>
      {isAdding && <AddKeyDialog onClose={() => setAdding(false)} />}
    </Part>
  )
}

function Shell({ state }: { state: SshState }) {
  const { t } = useTranslation()
  const [removed, setRemoved] = useState<SshKey | null>(null)
  const { keys, bootKeys } = state
  return (
    <>
      <Text c="dimmed" className="prose">
        {t('access.ssh.hint')}
      </Text>
      <SshSwitch state={state} />
      {keys.length + bootKeys.length > 0 && (
        <Rows label={t('access.ssh.keys')}>
          {keys.map(key => (
            <KeyRow key={key.id} sshKey={key}>
              <Button variant="subtle" color="red" onClick={() => setRemoved(key)}>
                {t('access.ssh.remove')}
              </Button>
            </KeyRow>
          ))}
          {bootKeys.map(key => (
            <KeyRow key={`boot-${key.id}`} sshKey={key}>
              <Text size="sm" c="dimmed">
                {t('access.ssh.onBoot')}
              </Text>
            </KeyRow>
          ))}
        </Rows>
      )}
      {state.isRunning && (
        <CopyLine label={t('access.ssh.command')} value={`ssh root@${location.hostname}`} />
      )}
      {removed && (
        <RemoveKeyDialog sshKey={removed} isLast={keys.length === 1} onClose={() => setRemoved(null)} />
      )}
    </>
  )
}

function KeyRow({ sshKey, children }: { sshKey: SshKey; children: React.ReactNode }) {
  const { type, comment, fingerprint } = sshKey
  return (
    <Row
      icon={<IconKey size={20} />}
      title={comment || type}
      detail={<span className="unbroken">{fingerprint}</span>}
    >
      {children}
    </Row>
  )
}

function SshSwitch({ state }: { state: SshState }) {
  const { t } = useTranslation()
  const client = useQueryClient()
  const switching = useMutation({
    mutationFn: switchSsh,
    onSuccess: () => client.invalidateQueries({ queryKey: sshQuery.queryKey }),
  })
  const isOn = switching.isPending ? switching.variables : state.isOn
  return (
    <Card>
      <Stack gap={12}>
        <Switch
          label={t('access.ssh.switch')}
          description={t(descriptionOf(state))}
          checked={isOn}
          disabled={state.keys.length === 0 || switching.isPending}
          onChange={event => switching.mutate(event.currentTarget.checked)}
        />
        {switching.error && <ErrorPanel error={switching.error} />}
      </Stack>
    </Card>
  )
}

function descriptionOf({ isOn, keys, bootKeys }: SshState) {
  if (isOn) return 'access.ssh.isOn'
  if (bootKeys.length > 0) return 'access.ssh.onByBoot'
  return keys.length === 0 ? 'access.ssh.noKeys' : 'access.ssh.isOff'
}
