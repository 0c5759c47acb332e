import { Kbd, Modal, Table } from '@mantine/core'
import { useHotkeys } from '@mantine/hooks'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

const keys = [
  { keys: ['↑', '↓'], does: 'keys.move' },
  { keys: ['Shift', '↑ ↓'], does: 'keys.extend' },
  { keys: ['Enter'], does: 'keys.open' },
  { keys: ['Backspace'], does: 'keys.up' },
  { keys: ['Space'], does: 'keys.preview' },
  { keys: ['F2'], does: 'keys.rename' },
  { keys: ['Del'], does: 'keys.delete' },
  { keys: ['Ctrl', 'A'], does: 'keys.all' },
  { keys: ['Ctrl', 'Space'], does: 'keys.toggle' },
  { keys: ['/'], does: 'keys.find' },
  { keys: ['?'], does: 'keys.list' },
  { keys: ['Esc'], does: 'keys.escape' },
] as const

/** The list of keys, on `?`. */
export function KeyList() {
  const { t } = useTranslation()
  const [isOpen, setOpen] = useState(false)
  useHotkeys([
    ['shift+?', () => setOpen(true)],
    ['?', () => setOpen(true)],
  ])
  return (
    <Modal
      opened={isOpen}
      onClose={() => setOpen(false)}
      title={t('keys.title')}
      closeButtonProps={{ 'aria-label': t('close') }}
    >
      <Table verticalSpacing={6}>
        <Table.Tbody>
          {keys.map(({ keys: pressed, does }) => (
            <Table.Tr key={does}>
              <Table.Td w={140}>
                {pressed.map(key => (
                  <Kbd key={key} mr={4}>
                    {key}
                  </Kbd>
                ))}
              </Table.Td>
              <Table.Td>{t(does)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Modal>
  )
}
