export interface Mutation {
  name: string;
  file: string;
  from: string;
  to: string;
  tests: string[];
  /** The tests run built processes. */
  build?: boolean;
}
export const MUTATIONS: Mutation[];
