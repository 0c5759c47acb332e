import { useMutation, useQueryClient } from '@tanstack/react-query'

/** A change of accounts or groups; afterwards both lists are asked again, as each tells of the other. */
export function usePeopleChange<T>(change: (input: T) => Promise<unknown>, onDone: () => void) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: change,
    async onSuccess() {
      await Promise.all([
        client.invalidateQueries({ queryKey: ['users'] }),
        client.invalidateQueries({ queryKey: ['groups'] }),
        client.invalidateQueries({ queryKey: ['shares'] }),
      ])
      onDone()
    },
  })
}
