import { ActionIcon, Button, Menu, Text, Tooltip } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { IconDots, IconX } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import classes from './action-bar.module.css'
import { actionIcons, type FileAction } from './file-actions.ts'

interface Props {
  selected: number
  actions: readonly FileAction[]
  onAction: (action: FileAction) => void
  onClear: () => void
  /** What stands here while nothing is selected. */
  children: ReactNode
}

const narrow = '(max-width: 71.99em)'
const shownWhenNarrow = 3

/** One bar of one height: with a selection it holds what can be done with it, and nothing below it moves. */
export function ActionBar({ selected, actions, onAction, onClear, children }: Props) {
  const { t } = useTranslation()
  const isNarrow = useMediaQuery(narrow, undefined, { getInitialValueInEffect: false })
  if (selected === 0) return <div className={classes.bar}>{children}</div>
  const shown = isNarrow ? actions.slice(0, shownWhenNarrow) : actions
  const hidden = isNarrow ? actions.slice(shownWhenNarrow) : []
  return (
    <div className={classes.bar} role="toolbar" aria-label={t('files.actions')} data-selected>
      <Tooltip label={t('files.clear')}>
        <ActionIcon onClick={onClear} aria-label={t('files.clear')}>
          <IconX size={20} />
        </ActionIcon>
      </Tooltip>
      <Text fw={600} role="status" className={classes.count}>
        {t('files.selected', { count: selected })}
      </Text>
      {shown.map(action => (
        <ActionButton
          key={action}
          action={action}
          isIconOnly={isNarrow ?? false}
          onClick={() => onAction(action)}
        />
      ))}
      {hidden.length > 0 && <MoreActions actions={hidden} onAction={onAction} />}
    </div>
  )
}

function ActionButton({
  action,
  isIconOnly,
  onClick,
}: {
  action: FileAction
  isIconOnly: boolean
  onClick: () => void
}) {
  const { t } = useTranslation()
  const Icon = actionIcons[action]
  const label = t(`action.${action}`)
  if (isIconOnly) {
    return (
      <Tooltip label={label}>
        <ActionIcon aria-label={label} onClick={onClick}>
          <Icon size={20} />
        </ActionIcon>
      </Tooltip>
    )
  }
  return (
    <Button
      variant="subtle"
      color="gray"
      c="var(--cairn-text)"
      px={10}
      fw={500}
      leftSection={<Icon size={20} aria-hidden />}
      onClick={onClick}
    >
      {label}
    </Button>
  )
}

function MoreActions({
  actions,
  onAction,
}: {
  actions: readonly FileAction[]
  onAction: (action: FileAction) => void
}) {
  const { t } = useTranslation()
  return (
    <Menu position="bottom-end" transitionProps={{ duration: 120 }}>
      <Menu.Target>
        <ActionIcon aria-label={t('files.more')}>
          <IconDots size={20} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {actions.map(action => {
          const Icon = actionIcons[action]
          return (
            <Menu.Item
              key={action}
              leftSection={<Icon size={20} aria-hidden />}
              onClick={() => onAction(action)}
            >
              {t(`action.${action}`)}
            </Menu.Item>
          )
        })}
      </Menu.Dropdown>
    </Menu>
  )
}
