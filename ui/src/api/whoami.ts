// Who the platform takes the user for.

import { call, callWith, Problem } from './http'
import { session, type Who } from './session'

const PATH = '/api/whoami'

/** learnWho asks once; a platform that does not know the question is open to everyone. */
export async function learnWho(): Promise<void> {
  try {
    session.who.value = await call<Who>('GET', PATH)
  } catch (cause) {
    // 401 has been noted by call; without an answer at all, each page says so itself.
    if (Problem.from(cause).status === 404) session.who.value = null
  }
}

/** signIn tries a token and keeps it if it is let in; else it throws the reason. */
export async function signIn(token: string, remember: boolean): Promise<void> {
  session.enter(token, await callWith<Who>(token, 'GET', PATH), remember)
}

/** signOut forgets the token; the platform asks for another, unless it is open. */
export async function signOut(): Promise<void> {
  session.leave()
  await learnWho()
}
