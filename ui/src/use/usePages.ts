import { useRouter } from 'vue-router'

/** NOT_FOUND is the route that takes every address without a page. */
export const NOT_FOUND = 'not-found'

/** usePages says which pages there are, so that nothing links to one that is not built in. */
export function usePages(): { has: (path: string) => boolean } {
  const router = useRouter()
  return { has: (path) => router.resolve(path).name !== NOT_FOUND }
}
