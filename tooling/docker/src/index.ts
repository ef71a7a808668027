export { describeWithDocker, describeWithGvisor, testImage } from "./describe-with-docker.ts";
export { startPrivateDocker } from "./private-docker.ts";

export type { PrivateDocker } from "./private-docker.ts";
