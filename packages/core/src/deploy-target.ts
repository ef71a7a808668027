/** Anything that can deploy: a Deployer, or an object of your own. */
export interface DeployTarget<App, Options, Result> {
  deploy(app: App, options: Options): Promise<Result> | Result;
}
