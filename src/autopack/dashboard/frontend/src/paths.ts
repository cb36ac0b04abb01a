/** Addresses of the page, below /dashboard. Below `view`, so that they never stand where the API does. */
export const paths = {
  home: "/",
  run: (run: string) => `/view/runs/${run}`,
  phase: (run: string, phase: number) => `/view/runs/${run}/phases/${phase}`,
  usage: (run: string | null) => (run === null ? "/view/usage" : `/view/usage/${run}`),
};
